// Part of a freestanding program: see vreboot.cpp.
//
// The kernel itself decides by the PID namespace: outside the initial one reboot(2) ends the namespace
// (kernel/pid_namespace.c, reboot_pid_ns). The numbers of the initial namespaces never change
// (include/linux/proc_ns.h). What tells them has to be a procfs all the way: a directory tree that only looks like one,
// in a chroot of the main environment say, must not talk us into a reboot of the machine.

#include "programs/reboot/whereabouts.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

namespace vs::reboot {

namespace {

constexpr ino_t kInitialUser = 0xEFFFFFFD;
constexpr ino_t kInitialPid = 0xEFFFFFFC;

bool is_on(int fd, decltype(statfs::f_type) file_system) {
    struct statfs about {};
    return ::fstatfs(fd, &about) == 0 && about.f_type == file_system;
}

/// /proc/self/ns of a real procfs, with nothing mounted in between; -1 otherwise.
int open_namespaces() {
    int proc = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc < 0 || !is_on(proc, PROC_SUPER_MAGIC)) return -1;
    open_how how{.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .mode = 0, .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS};
    return static_cast<int>(::syscall(SYS_openat2, proc, "self/ns", &how, sizeof how));
}

/// The number of a namespace behind a descriptor, 0 where there is none.
ino_t number_of(int fd) {
    struct stat about {};
    if (fd < 0 || !is_on(fd, NSFS_MAGIC) || ::fstat(fd, &about) < 0) return 0;
    return about.st_ino;
}

}  // namespace

Whereabouts find_whereabouts() {
    int namespaces = open_namespaces();
    if (namespaces < 0) return Whereabouts::unknown;
    int pid = ::openat(namespaces, "pid", O_RDONLY | O_CLOEXEC);
    ino_t pid_number = number_of(pid);
    ino_t user_number = number_of(::openat(namespaces, "user", O_RDONLY | O_CLOEXEC));
    if (pid_number == 0 || user_number == 0) return Whereabouts::unknown;
    if (pid_number == kInitialPid || user_number == kInitialUser) return Whereabouts::main_environment;
    // In a server both were made together. Where only the user namespace is new, PID 1 is somebody else's.
    ino_t owner_number = number_of(::ioctl(pid, NS_GET_USERNS));
    return owner_number == user_number ? Whereabouts::server : Whereabouts::main_environment;
}

}  // namespace vs::reboot
