#include "context/lock_filter.hpp"

#include <asm/unistd.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/socket.h>

#include <cerrno>

#include "context/filter.hpp"
#include "context/filter_evaluator.hpp"

namespace vs::context {
namespace {

std::uint32_t answer(std::uint32_t number, std::uint64_t first = 0, std::uint32_t architecture = kNativeArchitecture) {
    const auto result = evaluate(lock_filter(), {static_cast<int>(number), architecture, 0, {first, 0, 0, 0, 0, 0}});
    EXPECT_TRUE(result.has_value());
    return result ? result->action : SECCOMP_RET_KILL_PROCESS;
}

constexpr std::uint32_t refused(int errno_value) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(errno_value); }

TEST(LockFilter, LeavesTheFamiliesThatTheProgramsSeeAndTwoThatReachNoNetwork) {
    for (int family = 0; family < 64; ++family) {
        bool open = family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
        auto expected = open ? std::uint32_t{SECCOMP_RET_ALLOW} : refused(EAFNOSUPPORT);
        EXPECT_EQ(answer(__NR_socket, static_cast<std::uint64_t>(family)), expected) << family;
        EXPECT_EQ(answer(__NR_socketpair, static_cast<std::uint64_t>(family)), expected) << family;
    }
}

TEST(LockFilter, TheKernelLooksAtTheLowWordOfAFamily) { EXPECT_EQ(answer(__NR_socket, 0x1'0000'0000 | AF_PACKET), refused(EAFNOSUPPORT)); }

TEST(LockFilter, ClosesTheWaysAroundItself) {
    for (int call : {__NR_io_uring_setup, __NR_io_uring_enter, __NR_io_uring_register})
        EXPECT_EQ(answer(static_cast<std::uint32_t>(call)), refused(ENOSYS));
    EXPECT_EQ(answer(__NR_bpf), refused(EPERM));
    EXPECT_EQ(answer(__NR_socket | 0x40000000, AF_INET), refused(ENOSYS));
    EXPECT_EQ(answer(__NR_getpid, 0, AUDIT_ARCH_I386), refused(ENOSYS));
}

TEST(LockFilter, LeavesTheRest) {
    for (int call : {__NR_read, __NR_bind, __NR_connect, __NR_execve, __NR_unshare})
        EXPECT_EQ(answer(static_cast<std::uint32_t>(call)), std::uint32_t{SECCOMP_RET_ALLOW});
}

}  // namespace
}  // namespace vs::context
