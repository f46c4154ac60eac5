// What is left to vserver-onlooker, tried from within: each attempt is made by a child behind the filter alone, so that neither its lack of
// rights nor Landlock helps.
#include "programs/onlooker_filter.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sys/fanotify.hpp"
#include "sys/seccomp.hpp"

namespace vs::programs {
namespace {

/// The errno of a call behind the filter; 0: it was let through and did well.
template <typename Call>
int errno_of(const context::FilterProgram& filter, Call call) {
    pid_t child = ::fork();
    if (child == 0) {
        if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || sys::load_filter_raw(filter.code.data(), filter.length) != 0) ::syscall(SYS_exit_group, 200);
        long result = call();
        ::syscall(SYS_exit_group, result < 0 ? errno : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 201;
}

std::array<char, 64> room{};
pid_t parent = 0;

template <typename Call>
void expect_refused(const char* what, Call call) {
    EXPECT_EQ(errno_of(testimony_filter(), call), EPERM) << what;
    EXPECT_EQ(errno_of(events_filter(), call), EPERM) << what;
}

TEST(OnlookerFilter, leaves_reading_and_writing_what_is_open) {
    EXPECT_EQ(errno_of(testimony_filter(), [] { return ::syscall(SYS_pread64, 0, room.data(), 0, 0); }) == EPERM, false);
    EXPECT_EQ(errno_of(testimony_filter(), [] { return ::syscall(SYS_write, 1, room.data(), 0); }), 0);
    EXPECT_EQ(errno_of(events_filter(), [] { return ::syscall(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", room.data(), room.size()); }), 0);
}

TEST(OnlookerFilter, refuses_what_reaches_anything_else) {
    parent = ::getpid();
    expect_refused("open", [] { return ::syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY); });
    expect_refused("openat2", [] { return ::syscall(SYS_openat2, AT_FDCWD, "/dev/null", nullptr, 0); });
    expect_refused("socket", [] { return ::syscall(SYS_socket, AF_INET, SOCK_STREAM, 0); });
    expect_refused("connect", [] { return ::syscall(SYS_connect, 0, nullptr, 0); });
    expect_refused("execve", [] { return ::syscall(SYS_execve, "/bin/true", nullptr, nullptr); });
    expect_refused("clone", [] { return ::syscall(SYS_clone3, nullptr, 0); });
    expect_refused("kill", [] { return ::syscall(SYS_kill, parent, 0); });
    expect_refused("ptrace", [] { return ::syscall(SYS_ptrace, 16, parent, 0, 0); });
    expect_refused("pidfd_getfd", [] { return ::syscall(SYS_pidfd_getfd, 0, 0, 0); });
    expect_refused("process_vm_readv", [] { return ::syscall(SYS_process_vm_readv, parent, nullptr, 0, nullptr, 0, 0); });
    expect_refused("setns", [] { return ::syscall(SYS_setns, 0, 0); });
    expect_refused("mount", [] { return ::syscall(SYS_mount, nullptr, "/", nullptr, 0, nullptr); });
    expect_refused("unlinkat", [] { return ::syscall(SYS_unlinkat, AT_FDCWD, "/nothing", 0); });
    expect_refused("bpf", [] { return ::syscall(SYS_bpf, 0, nullptr, 0); });
    expect_refused("io_uring", [] { return ::syscall(SYS_io_uring_setup, 1, nullptr); });
}

TEST(OnlookerFilter, opens_by_handle_as_a_name_only_and_only_for_events) {
    auto open_with = [](int flags) { return [flags] { return ::syscall(SYS_open_by_handle_at, AT_FDCWD, nullptr, flags); }; };
    EXPECT_EQ(errno_of(events_filter(), open_with(sys::kNameOnly)), ::geteuid() == 0 ? EFAULT : EPERM);
    EXPECT_EQ(errno_of(events_filter(), open_with(O_RDONLY | O_CLOEXEC)), EPERM);
    EXPECT_EQ(errno_of(events_filter(), open_with(O_RDWR)), EPERM);
    EXPECT_EQ(errno_of(events_filter(), open_with(O_PATH)), EPERM);
    EXPECT_EQ(errno_of(testimony_filter(), open_with(sys::kNameOnly)), EPERM);
}

}  // namespace
}  // namespace vs::programs
