#include "sys/mount.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.hpp"
#include "sys/call.hpp"

namespace vs::sys {

namespace {

/// What the kernel wrote about the last failure of this context, for people.
std::string kernel_message(FdRef context) {
    std::string text;
    char line[512];
    for (ssize_t count = ::read(context.get(), line, sizeof line); count > 0; count = ::read(context.get(), line, sizeof line))
        text += fmt::format(" [{}]", base::trim({line, static_cast<std::size_t>(count)}));
    return text;
}

std::unexpected<Error> failed_with_log(FdRef context, std::string what) {
    int value = errno_now();
    auto error = error_from(value, std::move(what));
    error.cause += kernel_message(context);
    return std::unexpected<Error>(std::move(error));
}

Result<> apply_attributes(FdRef dir, const std::string& path, const MountAttributes& wanted, Recursion recursion) {
    mount_attr attributes{};
    attributes.attr_set = wanted.set;
    attributes.attr_clr = wanted.clear;
    attributes.propagation = wanted.propagation;
    if (wanted.user_namespace != nullptr) {
        attributes.attr_set |= MOUNT_ATTR_IDMAP;
        attributes.userns_fd = static_cast<std::uint64_t>(wanted.user_namespace->get());
    }
    int flags = (path.empty() ? AT_EMPTY_PATH : 0) | (recursion == Recursion::whole_tree ? AT_RECURSIVE : 0);
    if (::mount_setattr(dir.get(), path.c_str(), static_cast<unsigned>(flags), &attributes, sizeof attributes) < 0)
        return failed("mount_setattr '{}'", path);
    return {};
}

}  // namespace

Result<FsContextFd> fs_open(const std::string& type) {
    int fd = ::fsopen(type.c_str(), FSOPEN_CLOEXEC);
    if (fd < 0) return failed("fsopen '{}'", type);
    return FsContextFd(fd);
}

Result<> fs_set(FdRef context, const std::vector<FsOption>& options) {
    for (const auto& [key, value] : options) {
        auto command = value.empty() ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
        if (::fsconfig(context.get(), command, key.c_str(), value.empty() ? nullptr : value.c_str(), 0) < 0)
            return failed_with_log(context, fmt::format("mount option '{}={}'", key, value));
    }
    return {};
}

Result<> fs_set(FdRef context, const char* key, FdRef value) {
    if (::fsconfig(context.get(), FSCONFIG_SET_FD, key, nullptr, value.get()) < 0) return failed("mount option '{}'", key);
    return {};
}

Result<> fs_create(FdRef context) {
    if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) return failed_with_log(context, "create superblock");
    return {};
}

Result<MountFd> fs_mount(FdRef context, std::uint64_t attributes) {
    int fd = ::fsmount(context.get(), FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes));
    if (fd < 0) return failed_with_log(context, "fsmount");
    return MountFd(fd);
}

Result<> fs_reconfigure(const std::string& point, const std::vector<FsOption>& options) {
    int fd = ::fspick(AT_FDCWD, point.c_str(), FSPICK_CLOEXEC | FSPICK_NO_AUTOMOUNT);
    if (fd < 0) return failed("fspick '{}'", point);
    FsContextFd context(fd);
    TRY_WITH(fs_set(context, options), "change the options of {}", point);
    if (::fsconfig(fd, FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, 0) < 0) return failed_with_log(context, fmt::format("change the options of {}", point));
    return {};
}

Result<MountFd> new_mount(const std::string& type, const std::vector<FsOption>& options, std::uint64_t attributes) {
    auto context = TRY(fs_open(type));
    TRY_WITH(fs_set(context, options), "mount {}", type);
    TRY_WITH(fs_create(context), "mount {}", type);
    return TRY_WITH(fs_mount(context, attributes), "mount {}", type);
}

namespace {

Result<MountFd> open_copy(FdRef dir, const std::string& path, Recursion recursion) {
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (path.empty() ? AT_EMPTY_PATH : 0U);
    if (recursion == Recursion::whole_tree) flags |= AT_RECURSIVE;
    int fd = ::open_tree(dir.get(), path.c_str(), flags);
    if (fd < 0) return failed("open_tree '{}'", path);
    return MountFd(fd);
}

}  // namespace

Result<MountFd> clone_mount(FdRef dir, const std::string& path, Recursion recursion) {
    auto mount = TRY(open_copy(dir, path, recursion));
    TRY(apply_attributes(mount, "", {.propagation = MS_PRIVATE}, recursion));
    return mount;
}

Result<MountFd> clone_private_mount(FdRef dir, const std::string& path) { return open_copy(dir, path, Recursion::this_mount); }

Result<> set_attributes(FdRef mount, const MountAttributes& attributes, Recursion recursion) {
    return apply_attributes(mount, "", attributes, recursion);
}

Result<> set_attributes_at(FdRef dir, const std::string& path, const MountAttributes& attributes, Recursion recursion) {
    return apply_attributes(dir, path, attributes, recursion);
}

Result<> attach(FdRef mount, FdRef dir, const std::string& path) {
    unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (path.empty() ? MOVE_MOUNT_T_EMPTY_PATH : 0U);
    if (::move_mount(mount.get(), "", dir.get(), path.c_str(), flags) < 0) return failed("move_mount to '{}'", path);
    return {};
}

Result<> detach(const std::string& path) {
    if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0) return failed("unmount '{}'", path);
    return {};
}

Result<bool> heeds_setuid(FdRef file) {
    struct statfs about {};
    if (::fstatfs(file.get(), &about) < 0) return failed("statfs");
    return (about.f_flags & ST_NOSUID) == 0;
}

Result<> detach(FdRef root) {
    if (::umount2(fmt::format("/proc/self/fd/{}", root.get()).c_str(), MNT_DETACH) < 0) return failed("unmount what is open");
    return {};
}

Result<> make_everything_private() {
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) < 0) return failed("make every mount private");
    return {};
}

Result<> pivot_root_here() {
    if (::syscall(SYS_pivot_root, ".", ".") < 0) return failed("pivot_root");
    if (::umount2(".", MNT_DETACH) < 0) return failed("detach the old root");
    return change_root_here();
}

Result<> change_dir(FdRef dir) {
    if (::fchdir(dir.get()) < 0) return failed("fchdir");
    return {};
}

Result<> change_root_here() {
    if (::chroot(".") < 0) return failed("chroot");
    return {};
}

}  // namespace vs::sys
