#include "context/trap_filter.hpp"

#include <asm/unistd.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <sys/ioctl.h>

#include <cerrno>

#include "context/filter.hpp"
#include "context/filter_evaluator.hpp"

namespace vs::context {
namespace {

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t refused(int error) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error); }

std::uint32_t answer(Trap trap, std::uint32_t number, std::uint64_t first = 0, std::uint64_t second = 0,
                     std::uint32_t architecture = kNativeArchitecture) {
    auto result = evaluate(trap_filter(trap), {static_cast<int>(number), architecture, 0, {first, second, 0, 0, 0, 0}});
    return result ? result->action : ~0U;
}

TEST(TrapFilter, only_a_network_namespace_that_is_named_as_one_is_joined) {
    EXPECT_EQ(answer(Trap::plain, __NR_setns, 3, CLONE_NEWNET), kAllow);
    for (std::uint64_t type : {0UL, static_cast<unsigned long>(CLONE_NEWNS), static_cast<unsigned long>(CLONE_NEWPID),
                               static_cast<unsigned long>(CLONE_NEWUSER), static_cast<unsigned long>(CLONE_NEWNET | CLONE_NEWNS)})
        EXPECT_EQ(answer(Trap::plain, __NR_setns, 3, type), refused(EPERM)) << type;
    EXPECT_EQ(answer(Trap::locked, __NR_setns, 3, CLONE_NEWNET), refused(EPERM));
}

TEST(TrapFilter, nothing_is_typed_into_the_terminal_whatever_the_high_bits) {
    for (auto trap : {Trap::plain, Trap::locked}) {
        EXPECT_EQ(answer(trap, __NR_ioctl, 0, TIOCSTI), refused(EPERM));
        EXPECT_EQ(answer(trap, __NR_ioctl, 0, TIOCSTI | 1ULL << 32), refused(EPERM));
        EXPECT_EQ(answer(trap, __NR_ioctl, 0, TIOCLINUX), refused(EPERM));
        EXPECT_EQ(answer(trap, __NR_ioctl, 0, TIOCGWINSZ), kAllow);
    }
}

TEST(TrapFilter, a_locked_context_makes_no_namespace_and_a_plain_one_does) {
    EXPECT_EQ(answer(Trap::plain, __NR_unshare, CLONE_NEWNS), kAllow);
    EXPECT_EQ(answer(Trap::plain, __NR_clone3), kAllow);
    for (auto flag : std::initializer_list<std::uint64_t>{CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET}) {
        EXPECT_EQ(answer(Trap::locked, __NR_unshare, flag), refused(EPERM)) << flag;
        EXPECT_EQ(answer(Trap::locked, __NR_clone, flag), refused(EPERM)) << flag;
    }
    EXPECT_EQ(answer(Trap::locked, __NR_unshare, CLONE_NEWTIME), refused(EPERM));
    EXPECT_EQ(answer(Trap::locked, __NR_clone3), refused(ENOSYS));
}

TEST(TrapFilter, a_locked_context_forks_and_makes_threads) {
    EXPECT_EQ(answer(Trap::locked, __NR_clone, CLONE_VM | CLONE_THREAD | CLONE_SIGHAND), kAllow);
    EXPECT_EQ(answer(Trap::locked, __NR_clone, 17), kAllow);   // SIGCHLD
    EXPECT_EQ(answer(Trap::locked, __NR_clone, 0x91), kAllow); // an exit signal is no time namespace
    EXPECT_EQ(answer(Trap::locked, __NR_unshare, CLONE_FILES), kAllow);
}

#if defined(__x86_64__)
TEST(TrapFilter, programs_of_32_bits_are_trapped_by_their_own_numbers) {
    EXPECT_EQ(answer(Trap::plain, 346, 3, 0, AUDIT_ARCH_I386), refused(EPERM));
    EXPECT_EQ(answer(Trap::plain, 54, 0, TIOCSTI, AUDIT_ARCH_I386), refused(EPERM));
    EXPECT_EQ(answer(Trap::locked, 310, CLONE_NEWUSER, 0, AUDIT_ARCH_I386), refused(EPERM));
    EXPECT_EQ(answer(Trap::plain, 4, 0, 0, AUDIT_ARCH_I386), kAllow);  // write
    EXPECT_EQ(answer(Trap::plain, 0x40000000 | __NR_setns), refused(ENOSYS));
}
#endif

TEST(TrapFilter, an_unknown_architecture_has_no_calls) { EXPECT_EQ(answer(Trap::plain, 0, 0, 0, 0), refused(ENOSYS)); }

}  // namespace
}  // namespace vs::context
