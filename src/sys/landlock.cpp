#include "sys/landlock.hpp"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "sys/call.hpp"

namespace vs::sys {

namespace {

// Linux 6.12; Debian 12's headers are of 6.1.
struct RulesetAttributes {
    std::uint64_t files = 0;
    std::uint64_t network = 0;
    std::uint64_t scoped = 0;
};
constexpr std::uint64_t kScopeAbstractSockets = 1;
constexpr long kFirstWithRenames = 2, kFirstWithScopes = 6;
constexpr std::uint64_t kRename = 1ULL << 13;  // LANDLOCK_ACCESS_FS_REFER, the one right that every domain restricts anyway

long version() { return ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, LANDLOCK_CREATE_RULESET_VERSION); }

/// A domain must restrict something: before the scopes, renames between directories, which are then allowed everywhere.
int allow_renames(int ruleset) {
    landlock_path_beneath_attr rule{};
    rule.allowed_access = kRename;
    rule.parent_fd = ::open("/", O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0) return -errno_now();
    int result = ::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) < 0 ? -errno_now() : 0;
    ::close(rule.parent_fd);
    return result;
}

int enter(const RulesetAttributes& attributes, std::size_t size) {
    auto ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0U));
    if (ruleset < 0) return -errno_now();
    int result = attributes.files != 0 ? allow_renames(ruleset) : 0;
    if (result == 0 && ::syscall(SYS_landlock_restrict_self, ruleset, 0U) < 0) result = -errno_now();
    ::close(ruleset);
    return result;
}

}  // namespace

int enter_landlock_domain_raw() noexcept {
    if (version() < kFirstWithRenames) return -EOPNOTSUPP;
    if (version() >= kFirstWithScopes) return scope_abstract_sockets_raw();
    return enter({.files = kRename}, sizeof(RulesetAttributes::files));
}

int scope_abstract_sockets_raw() noexcept {
    if (version() < kFirstWithScopes) return 0;
    return enter({.scoped = kScopeAbstractSockets}, sizeof(RulesetAttributes));
}

}  // namespace vs::sys
