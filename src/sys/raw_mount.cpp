#include "sys/raw_mount.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace vs::sys::raw {

namespace {

constexpr long kPidfs = 0x50494446;    // PIDFS_MAGIC of <linux/magic.h> since Linux 6.9
constexpr long kAnonymous = 0x09041934;  // ANON_INODE_FS_MAGIC, where pidfds lived before

int result(long value) { return value < 0 ? -errno : 0; }

/// An anonymous inode that is a process.
bool is_old_pidfd(int directory, const char* name) {
    constexpr char kTarget[] = "anon_inode:[pidfd]";
    char target[sizeof kTarget];
    auto length = ::readlinkat(directory, name, target, sizeof target);
    return length == sizeof kTarget - 1 && std::memcmp(target, kTarget, sizeof kTarget - 1) == 0;
}

enum class Way { none, file, place };

Way way_out(int fd, int directory, const char* name) {
    struct stat status {};
    struct statfs system {};
    if (::fstat(fd, &status) < 0 || ::fstatfs(fd, &system) < 0) return Way::none;
    const auto type = static_cast<long>(system.f_type);
    if (S_ISDIR(status.st_mode) || type == NSFS_MAGIC || type == kPidfs) return Way::place;
    if (type == PROC_SUPER_MAGIC) return Way::file;
    return type == kAnonymous && is_old_pidfd(directory, name) ? Way::place : Way::none;
}

int drop(int fd, int directory, const char* name) {
    const Way way = way_out(fd, directory, name);
    if (fd == directory || way == Way::none) return 0;
    if (fd <= STDERR_FILENO) return way == Way::place ? -EISDIR : 0;
    return result(::close(fd));
}

/// A process that stays above writes the maps of a new user namespace: nobody below may map more than himself.
[[noreturn]] void map_ids_of(int pid, int when, const char* uid_map, const char* gid_map) {
    char path[48], byte = 0;
    int outcome = ::read(when, &byte, 1) == 1 ? 0 : -EPIPE;
    std::snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
    if (outcome == 0) outcome = write_text(path, uid_map);
    std::snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
    if (outcome == 0) outcome = write_text(path, gid_map);
    ::_exit(outcome == 0 ? 0 : 1);
}

struct Entry {  // linux_dirent64
    std::uint64_t inode;
    std::int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[1];
};

}  // namespace

int make_mounts_private() { return result(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr)); }

int detach(const char* path) { return result(::umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW)); }

int set_aside(SetAside& aside, const char* path) {
    const int mount = ::open_tree(AT_FDCWD, path, OPEN_TREE_CLOEXEC | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW);
    if (mount < 0) return -errno;
    const bool is_first = aside.first < 0;
    const int moved = is_first ? place_mounts(mount, "/") : result(::move_mount(mount, "", aside.first, "fs", MOVE_MOUNT_F_EMPTY_PATH));
    if (moved == 0 && is_first) aside.first = mount;
    else ::close(mount);
    return moved < 0 ? detach(path) : 0;
}

int detach(SetAside& aside) {
    if (aside.first < 0) return 0;
    int outcome = result(::fchdir(aside.first));
    if (outcome == 0) outcome = detach(".");
    ::close(aside.first);
    aside.first = -1;
    return outcome;
}

int mount_new(const NewMount& mount, const char* path) {
    int context = create_filesystem(mount.type, mount.options, mount.count);
    if (context < 0) return context;
    int fd = ::fsmount(context, FSMOUNT_CLOEXEC, static_cast<unsigned>(mount.attributes));
    if (fd < 0) return -errno;
    int placed = place_mounts(fd, path);
    ::close(fd), ::close(context);
    return placed;
}

int copy_mounts(const char* path) {
    constexpr unsigned kHow = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_NO_AUTOMOUNT | AT_SYMLINK_NOFOLLOW;
    int fd = ::open_tree(AT_FDCWD, path, kHow);
    return fd < 0 ? -errno : fd;
}

int place_mounts(int mounts, const char* path) { return result(::move_mount(mounts, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH)); }

int lock_mounts(const char* uid_map, const char* gid_map) {
    int pipe[2], status = 0;
    const int self = ::getpid();
    if (::pipe2(pipe, O_CLOEXEC) < 0) return -errno;
    pid_t mapper = fork_process();
    if (mapper < 0) return mapper;
    if (mapper == 0) {
        ::close(pipe[1]);
        map_ids_of(self, pipe[0], uid_map, gid_map);
    }
    int outcome = result(::unshare(CLONE_NEWUSER | CLONE_NEWNS));
    if (outcome == 0) outcome = result(::write(pipe[1], "m", 1));
    ::close(pipe[0]), ::close(pipe[1]);
    while (::waitpid(mapper, &status, 0) < 0)
        if (errno != EINTR) return -errno;
    return outcome < 0 ? outcome : status == 0 ? 0 : -EPERM;
}

int write_text(const char* path, const char* text) {
    int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int written = result(::write(fd, text, std::strlen(text)));
    ::close(fd);
    return written;
}

std::uint64_t pid_namespace() {
    struct stat status {};
    return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

std::uint64_t pid_namespace_of(int pid) {
    char path[32];
    struct stat status {};
    std::snprintf(path, sizeof path, "/proc/%d/ns/pid", pid);
    return ::stat(path, &status) == 0 ? status.st_ino : 0;
}

int list_descriptors() {
    int directory = ::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return directory < 0 ? -errno : directory;
}

int drop_descriptors_out(int directory) {
    alignas(Entry) char room[2048];
    if (directory < 0) return directory;
    for (;;) {
        long size = ::syscall(SYS_getdents64, directory, room, sizeof room);
        if (size <= 0) return ::close(directory), result(size);
        for (long at = 0; at < size;) {
            const auto* entry = reinterpret_cast<const Entry*>(room + at);
            at += entry->length;
            if (entry->name[0] == '.') continue;
            if (int error = drop(std::atoi(entry->name), directory, entry->name); error < 0) return error;
        }
    }
}

}  // namespace vs::sys::raw
