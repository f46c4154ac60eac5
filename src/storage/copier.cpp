#include "storage/copier.hpp"

#include <fcntl.h>

#include <cerrno>

#include "sys/file.hpp"
#include "sys/inode.hpp"
#include "sys/xattr.hpp"

namespace vs::storage {

namespace {

constexpr const char* kMergedNames[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

/// Ids that are the same on every Debian system (base-passwd). The others were given out on this host: the package's own
/// script gives them out again in the new root, together with the set-id bits that go with them.
bool is_static_id(std::uint32_t id) { return id < 100 || id == 65534; }

struct Dress {
    unsigned mode;
    std::uint32_t uid, gid;
};

Dress dress_of(const struct stat& status) {
    bool known = is_static_id(status.st_uid) && is_static_id(status.st_gid);
    unsigned mode = status.st_mode & (known ? 07777U : 01777U);
    return {mode, is_static_id(status.st_uid) ? status.st_uid : 0, is_static_id(status.st_gid) ? status.st_gid : 0};
}

Result<> dress(const sys::Fd& fd, const struct stat& status) {
    auto [mode, uid, gid] = dress_of(status);
    TRY(sys::set_owner(fd, uid, gid));
    return sys::change_mode(fd, mode);  // after chown, which clears set-id bits
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_gone(const Error& error) { return error.errno_value == ENOENT || error.errno_value == ENOTDIR; }

}  // namespace

Result<> Copier::copy_merged_usr() {
    for (std::string name : kMergedNames) {
        auto target = sys::read_link(sys::kHere, "/" + name);
        if (!target || *target != "usr/" + name) continue;
        TRY(sys::make_dir(root_, "usr", 0755, sys::IfExists::keep));
        TRY(sys::make_dir(root_, *target, 0755, sys::IfExists::keep));
        TRY(sys::make_symlink(root_, name, *target));
    }
    return {};
}

Result<sys::FdRef> Copier::parent_of(const std::string& path) {
    auto parent = path.substr(0, path.rfind('/') + 1);
    if (parent != parent_path_ || !parent_.is_open()) {
        parent_ = TRY(sys::open_in_root(root_, parent, O_PATH | O_DIRECTORY));
        parent_path_ = parent;
    }
    return sys::FdRef(parent_);
}

Result<> Copier::copy(const PackageFile& file) {
    auto status = sys::stat_at(sys::kHere, file.host_path);
    if (!status && is_gone(status.error())) {
        ++missing_;
        return {};
    }
    if (!status) return std::unexpected<Error>(status.error());
    if (S_ISDIR(status->st_mode)) return copy_directory(file.path, *status);
    if (S_ISLNK(status->st_mode)) return copy_link(file);
    if (S_ISREG(status->st_mode)) return copy_regular(file, *status);
    return {};  // packages bring no devices, fifos or sockets
}

Result<> Copier::copy_directory(const std::string& path, const struct stat& status) {
    auto parent = TRY(parent_of(path));
    auto name = base_name(path);
    if (TRY(sys::exists(parent, name))) return {};  // another package brought it, or it is a link of the merged /usr
    TRY(sys::make_dir(parent, name, 0700, sys::IfExists::fail));
    return dress(TRY(sys::open_beneath(parent, name, O_RDONLY | O_DIRECTORY)), status);
}

Result<> Copier::copy_link(const PackageFile& file) {
    auto parent = TRY(parent_of(file.path));
    auto name = base_name(file.path);
    if (TRY(sys::exists(parent, name))) return {};
    if (file.has_content) {  // a directory that this host's administrator moved elsewhere
        auto target = TRY(sys::open_at(sys::kHere, file.host_path, O_PATH | O_DIRECTORY));
        return copy_directory(file.path, TRY(sys::stat_fd(target)));
    }
    return sys::make_symlink(parent, name, TRY(sys::read_link(sys::kHere, file.host_path)));
}

Result<> Copier::copy_regular(const PackageFile& file, const struct stat& status) {
    auto parent = TRY(parent_of(file.path));
    auto from = TRY(sys::open_at(sys::kHere, file.host_path, O_RDONLY | O_NOFOLLOW));
    auto to = TRY_WITH(sys::open_beneath(parent, base_name(file.path), O_WRONLY | O_CREAT | O_EXCL, 0600), "copy '{}'", file.path);
    TRY_WITH(sys::copy_content(from, to), "copy '{}'", file.path);
    TRY(dress(to, status));
    if (auto capability = TRY(sys::get_xattr(from, sys::kCapabilityXattr)))
        TRY(sys::set_xattr(to, sys::kCapabilityXattr, *capability));  // after chown, which clears it
    return sys::set_times(to, {status.st_atim, status.st_mtim});
}

}  // namespace vs::storage
