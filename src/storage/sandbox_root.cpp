#include "storage/sandbox_root.hpp"

#include <fcntl.h>

#include <cerrno>

#include "sys/file.hpp"
#include "sys/inode.hpp"
#include "sys/mount.hpp"

namespace vs::storage {

namespace {

constexpr const char* kDevices[] = {"null", "zero", "full", "random", "urandom", "tty"};

struct DeviceLink {
    const char* name;
    const char* target;
};
constexpr DeviceLink kDeviceLinks[] = {
    {"fd", "/proc/self/fd"}, {"stdin", "fd/0"}, {"stdout", "fd/1"}, {"stderr", "fd/2"},
};

/// A directory of the tree as a place to mount on, made where the tree lacks it. Its links lead nowhere outside.
Result<sys::Fd> mount_point(const sys::Fd& root, const std::string& name) {
    auto fd = sys::open_in_root(root, name, O_PATH | O_DIRECTORY);
    if (fd || fd.error().errno_value != ENOENT) return fd;
    TRY(sys::make_dir(root, name, 0755, sys::IfExists::fail));
    return sys::open_in_root(root, name, O_PATH | O_DIRECTORY);
}

Result<sys::Fd> mount_on(const sys::Fd& root, const std::string& name, const sys::MountFd& mount) {
    auto place = TRY(mount_point(root, name));
    TRY(sys::attach(mount, place, ""));
    return sys::open_in_root(root, name, O_RDONLY | O_DIRECTORY);
}

Result<> bind_device(const sys::Fd& dev, const std::string& name) {
    auto node = TRY(sys::clone_mount(sys::kHere, "/dev/" + name, sys::Recursion::this_mount));
    TRY(sys::open_beneath(dev, name, O_WRONLY | O_CREAT | O_EXCL, 0666));
    return sys::attach(node, dev, name);
}

Result<> make_devices(const sys::Fd& root) {
    auto dev = TRY(mount_on(root, "dev", TRY(sys::new_mount("tmpfs", {{"mode", "755"}, {"size", "1m"}}, MOUNT_ATTR_NOSUID))));
    for (const char* name : kDevices) TRY(bind_device(dev, name));
    for (const auto& link : kDeviceLinks) TRY(sys::make_symlink(dev, link.name, link.target));
    TRY(sys::make_dir(dev, "shm", 0755, sys::IfExists::fail));
    return {};
}

}  // namespace

Result<> isolate_mounts() {
    return sys::set_attributes_at(sys::kHere, "/", {.propagation = MS_PRIVATE, .user_namespace = nullptr}, sys::Recursion::whole_tree);
}

Result<sys::Fd> prepare_root(const sys::MountFd& tree, const std::string& path) {
    TRY(sys::attach(tree, sys::kHere, path));
    auto root = TRY(sys::open_at(tree, ".", O_RDONLY | O_DIRECTORY));
    TRY(mount_on(root, "proc", TRY(sys::new_mount("proc", {}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC))));
    TRY(make_devices(root));
    for (const char* name : {"run", "tmp"})
        TRY(mount_on(root, name, TRY(sys::new_mount("tmpfs", {{"mode", "1777"}, {"size", "64m"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV))));
    return root;
}

}  // namespace vs::storage
