#include "sys/raw.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/sanitized.hpp"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace vs::sys::raw {

namespace {

int result(long value) { return value < 0 ? -errno : 0; }
int outcome(long value) { return value < 0 ? -errno : static_cast<int>(value); }

// The C library's own would have every thread of the process follow, which takes a lock: in a child it may be held for ever by a thread
// that was not copied.
int set_group_ids(std::uint32_t gid) { return result(::syscall(SYS_setresgid, gid, gid, gid)); }
int set_user_ids(std::uint32_t uid) { return result(::syscall(SYS_setresuid, uid, uid, uid)); }
int set_groups(std::size_t count, const std::uint32_t* groups) { return result(::syscall(SYS_setgroups, count, groups)); }

constexpr std::size_t kMostFds = 8;

/// A message of one byte with room for descriptors.
struct FdPacket {
    char byte = 'f';
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * kMostFds)] = {};
    msghdr header{};

    explicit FdPacket(std::size_t count) {
        header.msg_iov = &data;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    }
};

}  // namespace

int become_root() { return become_user(0, 0, nullptr, 0); }

int unshare(std::uint64_t flags) { return result(::unshare(static_cast<int>(flags))); }

int new_time_namespace() { return result(::unshare(CLONE_NEWTIME)); }

int change_root(int fd) {
    if (::fchdir(fd) < 0 || ::chroot(".") < 0) return -errno;
    return 0;
}

int unshare_mounts() {
    if (int error = unshare(CLONE_NEWNS); error < 0) return error;
    return result(::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr));
}

int make_read_only(const char* mount_point) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY;
    return result(::syscall(SYS_mount_setattr, AT_FDCWD, mount_point, 0U, &attributes, sizeof attributes));
}

int set_host_name(const char* name, std::size_t length) { return result(::sethostname(name, length)); }
int set_domain_name(const char* name, std::size_t length) { return result(::setdomainname(name, length)); }

int take_terminal(int fd) {
    if (::setsid() < 0) return -errno;
    return result(::ioctl(fd, TIOCSCTTY, 0));
}

int use_as_standard(int fd) {
    for (int number = 0; number < 3; ++number)
        if (::dup2(fd, number) < 0) return -errno;
    return close_on_exec_from(3);
}

int keep_as(int fd, int number) {
    if (fd == number) return result(::fcntl(number, F_SETFD, 0));
    return result(::dup2(fd, number));
}

int close_on_exec_from(int first) { return result(::close_range(static_cast<unsigned>(first), ~0U, CLOSE_RANGE_CLOEXEC)); }

int set_limit(int resource, std::uint64_t soft, std::uint64_t hard) {
    rlimit limit{soft, hard};
    return result(::setrlimit(static_cast<__rlimit_resource_t>(resource), &limit));
}

int fix_limits() {
    for (int resource = 0; resource < RLIM_NLIMITS; ++resource) {
        rlimit limit{};
        const auto which = static_cast<__rlimit_resource_t>(resource);
        if (::getrlimit(which, &limit) < 0) return -errno;
        limit.rlim_max = limit.rlim_cur;
        if (::setrlimit(which, &limit) < 0) return -errno;
    }
    return 0;
}

int set_nice(int value) { return result(::setpriority(PRIO_PROCESS, 0, value)); }

int join_new_session_keyring() { return result(::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr)); }

int reset_signals() {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    for (int number = 1; number < NSIG; ++number) (void)::sigaction(number, &standard, nullptr);  // KILL and STOP refuse
    sigset_t none;
    ::sigemptyset(&none);
    return result(::sigprocmask(SIG_SETMASK, &none, nullptr));
}

int block_signals() {
    sigset_t all;
    ::sigfillset(&all);
    return result(::sigprocmask(SIG_SETMASK, &all, nullptr));
}

void restore_signal_mask(const void* mask) {
    if (mask != nullptr) (void)::sigprocmask(SIG_SETMASK, static_cast<const sigset_t*>(mask), nullptr);
}

pid_t fork_process() {
    // The raw call has its arguments in another order on every architecture but for these two.
    long pid = ::syscall(SYS_clone, static_cast<unsigned long>(SIGCHLD), 0UL, 0UL, 0UL, 0UL);
    return pid < 0 ? static_cast<pid_t>(-errno) : static_cast<pid_t>(pid);
}

pid_t fork_sibling() {
    long pid = ::syscall(SYS_clone, static_cast<unsigned long>(CLONE_PARENT | SIGCHLD), 0UL, 0UL, 0UL, 0UL);
    return pid < 0 ? static_cast<pid_t>(-errno) : static_cast<pid_t>(pid);
}

int process_id() { return ::getpid(); }

int forbid_dump() { return result(::prctl(PR_SET_DUMPABLE, 0)); }

namespace {

constexpr std::size_t kStack = base::kSanitized ? 1 << 20 : 32 << 10;

pid_t clone_onto(char* stack, int flags, int (*entry)(void*), void* argument) {
    int pid = ::clone(entry, stack + kStack, CLONE_VM | CLONE_VFORK | SIGCHLD | flags, argument);
    return pid < 0 ? -errno : pid;
}

#ifdef __SANITIZE_ADDRESS__
/// The sanitizer has to know on which stack we stand, and what the last one there has marked in its frames is over.
struct OnOtherStack {
    int (*entry)(void*);
    void* argument;
    const void* own = nullptr;
    std::size_t own_size = 0;
    void arrive() { __sanitizer_finish_switch_fiber(nullptr, &own, &own_size); }
};

int arrive_and_run(void* on_other_stack) {
    auto& there = *static_cast<OnOtherStack*>(on_other_stack);
    there.arrive();
    return there.entry(there.argument);
}

pid_t fork_on(char* stack, int flags, int (*entry)(void*), void* argument) {
    OnOtherStack there{entry, argument};
    __asan_unpoison_memory_region(stack, kStack);
    __sanitizer_start_switch_fiber(nullptr, stack, kStack);
    const pid_t pid = clone_onto(stack, flags, arrive_and_run, &there);
    if (pid < 0) there.arrive();
    __sanitizer_start_switch_fiber(nullptr, there.own, there.own_size);
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
    return pid;
}
#else
constexpr auto fork_on = clone_onto;
#endif

pid_t fork_on_own_stack(int flags, int (*entry)(void*), void* argument) {
    alignas(16) static char stack[kStack];
    return fork_on(stack, flags, entry, argument);
}

}  // namespace

pid_t fork_borrowing(int (*entry)(void*), void* argument) { return fork_on_own_stack(0, entry, argument); }
pid_t fork_sharing(int (*entry)(void*), void* argument) { return fork_on_own_stack(CLONE_FILES, entry, argument); }

namespace {

/// Knows no sanitizer, which would take it for ourselves on a strange stack.
__attribute__((no_sanitize("address", "undefined"))) int idle(void* pipe) {
    const auto& own = *static_cast<const IdlePipe*>(pipe);
    char byte = 0;
    ::syscall(SYS_close, own.write);
    while (::syscall(SYS_read, own.read, &byte, 1) > 0) {}
    ::syscall(SYS_exit_group, 0);
    return 0;
}

}  // namespace

pid_t fork_idle(int namespaces, IdlePipe pipe) {
    alignas(16) static char stack[16 << 10];
    static IdlePipe given;  // it reads that after we have gone on
    given = pipe;
    const int pid = ::clone(idle, stack + sizeof stack, CLONE_VM | SIGCHLD | namespaces, &given);
    return pid < 0 ? -errno : pid;
}

int join_cgroup1(int tasks_fd) { return result(::write(tasks_fd, "0", 1)); }

int create_filesystem(const char* type, const Option* options, std::size_t count) {
    int context = ::fsopen(type, FSOPEN_CLOEXEC);
    if (context < 0) return -errno;
    for (std::size_t i = 0; i < count; ++i) {
        auto command = options[i].value != nullptr ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
        if (::fsconfig(context, command, options[i].key, options[i].value, 0) < 0) return -errno;
    }
    if (::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) < 0) return -errno;
    return context;
}

void close_fd(int fd) { ::close(fd); }

int write_bytes(int fd, const void* data, std::size_t size) {
    return ::write(fd, data, size) == static_cast<ssize_t>(size) ? 0 : -EIO;
}

int write_file(int dir, const char* path, const char* text, std::size_t size) {
    int fd = ::openat(dir, path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int written = result(::write(fd, text, size));
    ::close(fd);
    return written;
}

int send_bytes(int socket, const void* data, std::size_t size) {
    return ::send(socket, data, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size) ? 0 : -errno;
}

int receive_bytes(int socket, void* data, std::size_t size) {
    for (;;) {
        ssize_t count = ::recv(socket, data, size, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return -errno;
        if (count == 0) return 0;
        return count == static_cast<ssize_t>(size) ? 1 : -EPROTO;
    }
}

int send_fds(int socket, const int* fds, std::size_t count) {
    if (count > kMostFds) return -EINVAL;
    FdPacket packet(count);
    cmsghdr* part = CMSG_FIRSTHDR(&packet.header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * count);
    std::memcpy(CMSG_DATA(part), fds, sizeof(int) * count);
    return result(::sendmsg(socket, &packet.header, MSG_NOSIGNAL));
}

int receive_fds(int socket, int* fds, std::size_t count) {
    if (count > kMostFds) return -EINVAL;
    FdPacket packet(count);
    ssize_t size = -1;
    do size = ::recvmsg(socket, &packet.header, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0) return -errno;
    if (size == 0) return -EPIPE;
    cmsghdr* part = CMSG_FIRSTHDR(&packet.header);
    if (part == nullptr || part->cmsg_type != SCM_RIGHTS || part->cmsg_len != CMSG_LEN(sizeof(int) * count)) return -EPROTO;
    std::memcpy(fds, CMSG_DATA(part), sizeof(int) * count);
    return 0;
}

void wipe(char* text, std::size_t size) { ::explicit_bzero(text, size); }

int touch_files_as(std::uint32_t uid) {
    ::setfsuid(uid);
    return static_cast<std::uint32_t>(::setfsuid(-1U)) == uid ? 0 : -EPERM;  // the only way to learn how it went
}

int clone_sibling(const Sibling& sibling, int* pidfd) {
    clone_args args{};
    args.flags = CLONE_PARENT | CLONE_PIDFD | sibling.flags;
    if (sibling.group >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<std::uint64_t>(sibling.group);
    }
    args.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
    return outcome(::syscall(SYS_clone3, &args, sizeof args));
}

int join_namespaces(int pidfd, std::uint64_t flags) { return result(::setns(pidfd, static_cast<int>(flags))); }

int verify_inside() {
    char path[4096];
    // The system call and not getcwd(3), which falls back on walking upwards.
    if (::syscall(SYS_getcwd, path, sizeof path) < 0) return -errno;
    return path[0] == '/' ? 0 : -EXDEV;
}

int become_user(std::uint32_t uid, std::uint32_t gid, const std::uint32_t* groups, std::size_t count) {
    if (int error = set_groups(count, groups); error < 0) return error;
    if (int error = set_group_ids(gid); error < 0) return error;
    return set_user_ids(uid);
}

int new_session() { return result(::setsid()); }

int place_standard(const int (&fds)[3]) {
    int lifted[3];
    for (int number = 0; number < 3; ++number)
        if ((lifted[number] = ::fcntl(fds[number], F_DUPFD_CLOEXEC, 3)) < 0) return -errno;
    for (int number = 0; number < 3; ++number)
        if (::dup2(lifted[number], number) < 0) return -errno;
    return close_on_exec_from(3);
}

int open_terminal(const char* ptmx, int (&pair)[2]) {
    int unlocked = 0;
    pair[0] = ::open(ptmx, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pair[0] < 0 || ::ioctl(pair[0], TIOCSPTLCK, &unlocked) < 0) return -errno;
    pair[1] = ::ioctl(pair[0], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return pair[1] < 0 ? -errno : 0;
}

long read_plain_file(const char* path, char* room, std::size_t size) {
    int fd = ::open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return -errno;
    struct stat status {};
    long used = ::fstat(fd, &status) < 0 ? -errno : S_ISREG(status.st_mode) ? 0 : -EINVAL;
    while (used >= 0) {
        ssize_t count = ::read(fd, room + used, size - static_cast<std::size_t>(used));
        if (count <= 0) {
            if (count < 0) used = -errno;
            break;
        }
        used += count;
        if (static_cast<std::size_t>(used) == size) used = -EFBIG;
    }
    ::close(fd);
    return used;
}

int change_dir(const char* path) { return result(::chdir(path)); }

int execute_in_path(const char* name, char* const* argv, char* const* environment) {
    constexpr const char* kDirectories[] = {"/usr/local/sbin/", "/usr/local/bin/", "/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/"};
    if (std::strchr(name, '/') != nullptr) return execute(name, argv, environment);
    int outcome = -ENOENT;
    for (const char* directory : kDirectories) {
        char path[4096];
        if (std::strlen(directory) + std::strlen(name) >= sizeof path) return -ENAMETOOLONG;
        std::strcpy(path, directory);
        std::strcat(path, name);
        int error = execute(path, argv, environment);
        if (error != -ENOENT && error != -ENOTDIR) outcome = error;
    }
    return outcome;
}

int execute_of_caller(const char* name, char* const* argv, char* const* environment) {
    return result(::execvpe(name, argv, environment));
}

int execute(const char* path, char* const* argv, char* const* environment) { return result(::execve(path, argv, environment)); }

int execute_as_typed(char* const* argv) { return result(::execvp(argv[0], argv)); }

int execute_fd(int fd, char* const* argv, char* const* environment) {
    return result(::execveat(fd, "", argv, environment, AT_EMPTY_PATH));
}

void exit_now(int status) { ::_exit(status); }

}  // namespace vs::sys::raw
