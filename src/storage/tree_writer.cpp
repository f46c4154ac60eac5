#include "storage/tree_writer.hpp"

#include <fcntl.h>

#include <cerrno>

#include "sys/file.hpp"
#include "sys/inode.hpp"
#include "sys/xattr.hpp"

namespace vs::storage {

namespace {

constexpr std::size_t kMostDirectoryBytes = 256 << 20;  // names of directories kept until the end

/// A directory below the root; missing ones are made, as tar does for archives without them.
Result<sys::Fd> open_or_make(sys::FdRef root, const std::string& path) {
    auto fd = sys::open_beneath(root, path.empty() ? "." : path, O_RDONLY | O_DIRECTORY);
    if (fd || fd.error().errno_value != ENOENT) return fd;
    auto slash = path.rfind('/');
    auto parent = TRY(open_or_make(root, slash == std::string::npos ? "" : path.substr(0, slash)));
    auto name = path.substr(slash + 1);
    TRY(sys::make_dir(parent, name, 0755, sys::IfExists::fail));
    return sys::open_beneath(parent, name, O_RDONLY | O_DIRECTORY);
}

Result<sys::Fd> open_parent(sys::FdRef root, const std::string& path) {
    auto fd = open_or_make(root, path);
    bool blocked = !fd && (fd.error().errno_value == ENOTDIR || fd.error().errno_value == ELOOP);
    if (blocked) return fail(Code::failed, "what it lies in, '{}', is a link or no directory", path);
    return fd;
}

Result<> dress(const sys::Fd& fd, const NodeAttributes& attributes) {
    TRY(sys::set_owner(fd, attributes.uid, attributes.gid));
    for (const auto& [name, value] : attributes.xattrs) TRY(sys::set_xattr(fd, name, value));
    TRY(sys::change_mode(fd, attributes.mode));
    return sys::set_times(fd, {attributes.modification, attributes.modification});
}

}  // namespace

Result<> NewFile::set_length(std::uint64_t length) { return sys::set_length(fd_, length); }

Result<> NewFile::write(std::string_view data, std::uint64_t offset) { return sys::write_at(fd_, data, offset); }

Result<> NewFile::finish(const NodeAttributes& attributes) { return dress(fd_, attributes); }

Result<TreeWriter::Place> TreeWriter::find(const std::string& path) {
    if (path.empty()) return fail(Code::failed, "it would replace the root");
    auto slash = path.rfind('/');
    auto parent = slash == std::string::npos ? std::string() : path.substr(0, slash);
    if (parent != parent_path_) {
        parent_ = TRY(open_parent(root_, parent));
        parent_path_ = parent;
    }
    return Place{parent_, path.substr(slash + 1)};
}

/// A later entry replaces an earlier one, as in tar; a directory is not replaced, for what is in it would be lost.
Result<TreeWriter::Place> TreeWriter::find_free(const std::string& path) {
    auto place = TRY(find(path));
    auto status = sys::stat_at(place.parent, place.name);
    if (!status && status.error().errno_value == ENOENT) return place;
    if (!status) return std::unexpected<Error>(status.error());
    if (S_ISDIR(status->st_mode)) return fail(Code::failed, "it would replace a directory");
    TRY(sys::remove_file(place.parent, place.name));
    return place;
}

Result<> TreeWriter::directory(const std::string& path, NodeAttributes attributes) {
    directory_bytes_ += path.size() + sizeof attributes;
    for (const auto& [name, value] : attributes.xattrs) directory_bytes_ += name.size() + value.size();
    if (directory_bytes_ > kMostDirectoryBytes) return fail(Code::failed, "the archive has too many directories");
    if (!path.empty()) {
        auto place = TRY(find(path));
        auto status = sys::stat_at(place.parent, place.name);
        bool is_other = status && !S_ISDIR(status->st_mode);
        if (is_other) TRY(sys::remove_file(place.parent, place.name));
        TRY(sys::make_dir(place.parent, place.name, 0755, sys::IfExists::keep));
    }
    const auto [known, is_first] = known_.try_emplace(path, directories_.size());
    if (is_first) directories_.emplace_back(path, std::move(attributes));
    else directories_[known->second].second = std::move(attributes);
    return {};
}

Result<> TreeWriter::dress_node(const Place& place, const NodeAttributes& attributes) {
    TRY(sys::change_owner(place.parent, place.name, attributes.uid, attributes.gid));
    return sys::set_times_at(place.parent, place.name, {attributes.modification, attributes.modification});
}

Result<> TreeWriter::symlink(const std::string& path, const std::string& target, const NodeAttributes& attributes) {
    auto place = TRY(find_free(path));
    TRY(sys::make_symlink(place.parent, place.name, target));
    return dress_node(place, attributes);
}

Result<> TreeWriter::fifo(const std::string& path, const NodeAttributes& attributes) {
    auto place = TRY(find_free(path));
    TRY(sys::make_fifo(place.parent, place.name, 0600));
    TRY(dress_node(place, attributes));
    return sys::change_mode_at(place.parent, place.name, attributes.mode);
}

Result<NewFile> TreeWriter::create(const std::string& path) {
    auto place = TRY(find_free(path));
    return NewFile(TRY(sys::open_beneath(place.parent, place.name, O_RDWR | O_CREAT | O_EXCL, 0600)));
}

Result<std::int64_t> TreeWriter::regular_size(const std::string& path) {
    if (path.empty()) return fail(Code::failed, "it is no plain file");
    auto fd = TRY(sys::open_beneath(root_, path, O_PATH));
    auto status = TRY(sys::stat_fd(fd));
    if (!S_ISREG(status.st_mode)) return fail(Code::failed, "it is no plain file");
    return std::int64_t{status.st_size};
}

Result<> TreeWriter::copy(const std::string& path, const std::string& from) {
    if (path == from) return fail(Code::failed, "it is a link to itself");
    auto source = TRY(sys::open_beneath(root_, from, O_RDONLY));
    auto status = TRY(sys::stat_fd(source));
    NodeAttributes attributes{status.st_mode & 07777U, status.st_uid, status.st_gid, status.st_mtim, {}};
    if (auto capability = TRY(sys::get_xattr(source, sys::kCapabilityXattr)))
        attributes.xattrs.emplace_back(sys::kCapabilityXattr, std::move(*capability));
    auto place = TRY(find_free(path));
    auto target = TRY(sys::open_beneath(place.parent, place.name, O_RDWR | O_CREAT | O_EXCL, 0600));
    TRY(sys::copy_content(source, target));
    return dress(target, attributes);
}

Result<> TreeWriter::finish() {
    parent_.reset();
    for (auto entry = directories_.rbegin(); entry != directories_.rend(); ++entry) {
        auto fd = TRY(sys::open_beneath(root_, entry->first.empty() ? "." : entry->first, O_RDONLY | O_DIRECTORY));
        TRY_WITH(dress(fd, entry->second), "entry '{}'", entry->first);
    }
    return {};
}

}  // namespace vs::storage
