#include "programs/netview/filter.hpp"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "context/filter_evaluator.hpp"

namespace vs::netview {
namespace {

bool allows(int call, std::uint64_t first = 0, std::uint32_t architecture = context::kNativeArchitecture) {
    const seccomp_data data{call, architecture, 0, {first}};
    return context::evaluate(kFilter.span(), data)->action == SECCOMP_RET_ALLOW;
}

TEST(NetviewFilter, leaves_no_way_to_a_file_a_process_or_another_kind_of_socket) {
    for (int call : {SYS_openat, SYS_openat2, SYS_read, SYS_write, SYS_sendmsg, SYS_sendto, SYS_connect, SYS_bind, SYS_execve, SYS_execveat,
                               SYS_clone3, SYS_kill, SYS_tgkill, SYS_pidfd_send_signal, SYS_pidfd_getfd, SYS_ptrace, SYS_process_vm_readv, SYS_setns, SYS_unshare,
                               SYS_mount, SYS_io_uring_setup, SYS_bpf, SYS_mmap, SYS_mprotect})
        EXPECT_FALSE(allows(call)) << call;
    EXPECT_TRUE(allows(SYS_socket, AF_NETLINK));
    for (auto family : {AF_UNIX, AF_INET, AF_INET6, AF_PACKET}) EXPECT_FALSE(allows(SYS_socket, static_cast<std::uint64_t>(family))) << family;
    EXPECT_TRUE(allows(SYS_clone, std::uint64_t{CLONE_FILES} | SIGCHLD));
    for (std::uint64_t flags : {std::uint64_t{SIGCHLD}, std::uint64_t{CLONE_FILES} | CLONE_NEWUSER | SIGCHLD}) EXPECT_FALSE(allows(SYS_clone, flags)) << flags;
}

TEST(NetviewFilter, knows_the_native_architecture_only) {
    EXPECT_TRUE(allows(SYS_ioctl));
    EXPECT_FALSE(allows(SYS_ioctl, 0, AUDIT_ARCH_I386));
}

}  // namespace
}  // namespace vs::netview
