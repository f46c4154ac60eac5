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
constexpr long kFirstWithScopes = 6;
constexpr std::uint64_t kRename = 1ULL << 13;  // LANDLOCK_ACCESS_FS_REFER, the one right that every domain restricts anyway

long create(const RulesetAttributes& attributes, std::size_t size) {
    return ::syscall(SYS_landlock_create_ruleset, &attributes, size, 0U);
}

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

}  // namespace

int enter_landlock_domain_raw() noexcept {
    long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 2) return 0;
    bool scopes = version >= kFirstWithScopes;
    RulesetAttributes attributes;
    if (scopes) attributes.scoped = kScopeAbstractSockets;
    else attributes.files = kRename;
    auto ruleset = static_cast<int>(create(attributes, scopes ? sizeof attributes : sizeof attributes.files));
    if (ruleset < 0) return -errno_now();
    int result = scopes ? 0 : allow_renames(ruleset);
    if (result == 0 && ::syscall(SYS_landlock_restrict_self, ruleset, 0U) < 0) result = -errno_now();
    ::close(ruleset);
    return result;
}

}  // namespace vs::sys
