#include "storage/guest_file.hpp"

#include <fcntl.h>

#include <cerrno>

#include "sys/file.hpp"
#include "sys/inode.hpp"

namespace vs::storage {

namespace {

bool is_absent(const Error& error) { return error.errno_value == ENOENT || error.errno_value == ENOTDIR; }

struct Place {
    sys::Fd parent;
    std::string name;
};

Result<sys::Fd> open_or_make_dir(const sys::Fd& root, const std::string& path) {
    auto fd = sys::open_in_root(root, path, O_RDONLY | O_DIRECTORY);
    if (fd || fd.error().errno_value != ENOENT) return fd;
    auto slash = path.rfind('/');
    auto parent = slash == std::string::npos ? TRY(sys::open_in_root(root, ".", O_RDONLY | O_DIRECTORY))
                                             : TRY(open_or_make_dir(root, path.substr(0, slash)));
    TRY(sys::make_dir(parent, path.substr(slash + 1), 0755, sys::IfExists::fail));  // fails on a dangling link
    return sys::open_in_root(root, path, O_RDONLY | O_DIRECTORY);
}

Result<Place> find_place(const sys::Fd& root, const std::string& path) {
    auto slash = path.rfind('/');
    std::string dir = slash == std::string::npos ? "." : path.substr(0, slash);
    return Place{TRY(open_or_make_dir(root, dir)), path.substr(slash + 1)};
}

Result<> clear_place(const Place& place) {
    auto removed = sys::remove_file(place.parent, place.name);
    if (!removed && !is_absent(removed.error())) return removed;
    return {};
}

}  // namespace

Result<std::optional<GuestFile>> read_guest_file(const sys::Fd& root, const std::string& path, std::size_t limit) {
    std::optional<GuestFile> nothing;
    // O_NONBLOCK: opening a fifo must not wait for a writer.
    auto fd = sys::open_in_root(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd && (is_absent(fd.error()) || fd.error().errno_value == ELOOP || fd.error().errno_value == ENXIO)) return nothing;
    if (!fd) return std::unexpected<Error>(fd.error());
    auto status = TRY(sys::stat_fd(*fd));
    if (!S_ISREG(status.st_mode)) return nothing;
    auto content = TRY_WITH(sys::read_all(*fd, limit), "read the server's '/{}'", path);
    return std::optional(GuestFile{std::move(content), {status.st_mode & 07777, status.st_uid, status.st_gid}});
}

Result<> write_guest_file(const sys::Fd& root, const std::string& path, std::string_view content, const FileAttributes& attributes) {
    auto place = TRY_WITH(find_place(root, path), "write the server's '/{}'", path);
    TRY_WITH(clear_place(place), "replace the server's '/{}'", path);
    auto file = TRY(sys::open_beneath(place.parent, place.name, O_WRONLY | O_CREAT | O_EXCL, 0600));
    TRY_WITH(sys::write_all(file, content), "write the server's '/{}'", path);
    TRY(sys::set_owner(file, attributes.uid, attributes.gid));
    return sys::change_mode(file, attributes.mode);
}

Result<> link_guest_file(const sys::Fd& root, const std::string& path, const std::string& target) {
    auto place = TRY_WITH(find_place(root, path), "write the server's '/{}'", path);
    TRY_WITH(clear_place(place), "replace the server's '/{}'", path);
    return sys::make_symlink(place.parent, place.name, target);
}

Result<> remove_guest_file(const sys::Fd& root, const std::string& path) {
    auto slash = path.rfind('/');
    auto dir = TRY(open_guest_dir(root, slash == std::string::npos ? "." : path.substr(0, slash)));
    if (!dir) return {};
    auto removed = sys::remove_file(*dir, path.substr(slash + 1));
    bool harmless = !removed && (is_absent(removed.error()) || removed.error().errno_value == EISDIR);
    if (!removed && !harmless) return removed;
    return {};
}

Result<std::optional<sys::DirFd>> open_guest_dir(const sys::Fd& root, const std::string& path) {
    auto fd = sys::open_in_root(root, path, O_RDONLY | O_DIRECTORY);
    if (!fd && (is_absent(fd.error()) || fd.error().errno_value == ELOOP)) return std::optional<sys::DirFd>();
    if (!fd) return std::unexpected<Error>(fd.error());
    return std::optional(sys::DirFd(fd->release()));
}

}  // namespace vs::storage
