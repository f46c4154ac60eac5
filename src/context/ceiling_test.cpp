#include "context/ceiling.hpp"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

#include "sys/capability.hpp"
#include "sys/clone.hpp"

namespace vs::context {
namespace {

using model::CapabilitySet;

enum : int { kPassed = 0, kNoNamespace = 99 };

/// Runs `body` in a child with every capability of a new user namespace; its value is the child's exit status.
int in_user_namespace(const std::function<int()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        const bool ready = sys::unshare(CLONE_NEWUSER).has_value();
        ::_exit(ready ? body() : kNoNamespace);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#define EXPECT_PASSES_IN_USER_NAMESPACE(body)                                                    \
    do {                                                                                         \
        const int status = in_user_namespace(body);                                              \
        if (status == kNoNamespace) GTEST_SKIP() << "this machine refuses a user namespace here"; \
        EXPECT_EQ(status, kPassed) << "the check of this number failed";                         \
    } while (false)

constexpr CapabilitySet set_of(std::initializer_list<int> numbers) {
    CapabilitySet set;
    for (int number : numbers) set.add(number);
    return set;
}

TEST(Ceiling, leaves_exactly_what_it_names) {
    EXPECT_PASSES_IN_USER_NAMESPACE([] {
        const auto keep = set_of({CAP_CHOWN, CAP_NET_ADMIN, CAP_SYS_CHROOT});
        if (!apply_ceiling_raw({.capabilities = keep}).ok()) return 1;
        sys::CapabilityBits bits;
        if (sys::get_capabilities_raw(bits) != 0) return 2;
        if (bits != sys::CapabilityBits{keep.bits(), keep.bits(), 0}) return 3;
        for (int capability = 0; capability <= sys::last_capability_raw(); ++capability)
            if (sys::bounding_has_raw(capability) != (keep.has(capability) ? 1 : 0)) return 4;
        return sys::get_no_new_privileges_raw() == 1 ? int{kPassed} : 5;
    });
}

TEST(Ceiling, takes_inheritable_and_ambient_capabilities_away) {
    EXPECT_PASSES_IN_USER_NAMESPACE([] {
        sys::CapabilityBits bits;
        if (sys::get_capabilities_raw(bits) != 0) return 1;
        bits.inheritable = bits.permitted;
        if (sys::set_capabilities_raw(bits) != 0) return 2;
        const auto keep = set_of({CAP_CHOWN});
        if (!apply_ceiling_raw({.capabilities = keep}).ok()) return 3;
        if (sys::get_capabilities_raw(bits) != 0 || bits.inheritable != 0) return 4;
        return sys::ambient_has_raw(CAP_CHOWN) == 0 ? int{kPassed} : 5;
    });
}

TEST(Ceiling, applied_twice_changes_nothing_and_needs_no_privilege) {
    EXPECT_PASSES_IN_USER_NAMESPACE([] {
        const Ceiling ceiling{.capabilities = set_of({CAP_CHOWN})};
        if (!apply_ceiling_raw(ceiling).ok()) return 1;
        return apply_ceiling_raw(ceiling).ok() ? int{kPassed} : 2;
    });
}

TEST(Ceiling, gives_nothing_back) {
    EXPECT_PASSES_IN_USER_NAMESPACE([] {
        if (!apply_ceiling_raw({.capabilities = set_of({CAP_CHOWN})}).ok()) return 1;
        if (!apply_ceiling_raw({.capabilities = set_of({CAP_CHOWN, CAP_SYS_ADMIN})}).ok()) return 2;
        return sys::bounding_has_raw(CAP_SYS_ADMIN) == 0 ? int{kPassed} : 3;
    });
}

TEST(Ceiling, without_the_right_to_drop_is_an_error_and_not_a_warning) {
    EXPECT_PASSES_IN_USER_NAMESPACE([] {
        if (sys::set_capabilities_raw({}) != 0) return 1;
        const auto outcome = apply_ceiling_raw({.capabilities = set_of({CAP_CHOWN})});
        if (outcome.step != CeilingStep::drop_bounding) return 2;
        return outcome.errno_value == EPERM && outcome.capability == CAP_DAC_OVERRIDE ? int{kPassed} : 3;
    });
}

TEST(Ceiling, sets_and_reads_back_securebits) {
    EXPECT_PASSES_IN_USER_NAMESPACE([] {
        const unsigned bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED;
        if (!apply_ceiling_raw({.capabilities = {}, .securebits = bits}).ok()) return 1;
        return sys::get_securebits_raw() == static_cast<int>(bits) ? int{kPassed} : 2;
    });
}

TEST(Ceiling, leaves_setuid_programs_alone_where_asked) {
    EXPECT_PASSES_IN_USER_NAMESPACE([] {
        if (!apply_ceiling_raw({.capabilities = {}, .new_privileges = NewPrivileges::allowed}).ok()) return 1;
        return sys::get_no_new_privileges_raw() == 0 ? int{kPassed} : 2;
    });
}

TEST(Ceiling, says_what_failed) {
    const auto error = ceiling_error({CeilingStep::drop_bounding, CAP_SYS_ADMIN, EPERM});
    EXPECT_EQ(error.errno_value, EPERM);
    EXPECT_NE(error.message().find("drop from the capability bounding set: sys_admin"), std::string::npos) << error.message();
}

TEST(Capabilities, last_one_is_what_proc_says) {
    std::FILE* file = std::fopen("/proc/sys/kernel/cap_last_cap", "re");
    ASSERT_NE(file, nullptr);
    int last = -1;
    EXPECT_EQ(std::fscanf(file, "%d", &last), 1);
    std::fclose(file);
    EXPECT_EQ(sys::last_capability_raw(), last);
}

}  // namespace
}  // namespace vs::context
