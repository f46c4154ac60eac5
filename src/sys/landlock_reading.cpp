#include "sys/landlock_reading.hpp"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sys/call.hpp"

namespace vs::sys {

namespace {

// The headers may be older than the kernel: rights by their numbers (Documentation/userspace-api/landlock.rst).
constexpr std::uint64_t kReadFile = 1U << 2, kReadDir = 1U << 3;
constexpr std::uint64_t kFileRights1 = (1U << 13) - 1, kRename = 1U << 13, kTruncate = 1U << 14, kDevices = 1U << 15;
constexpr std::uint64_t kNetworkRights = 3, kScopes = 3;
constexpr long kFirstWithNetwork = 4, kFirstWithScopes = 6;

struct Handled {
    std::uint64_t files = 0, network = 0, scopes = 0;
};

/// All that a version knows.
Handled everything(long version) {
    Handled handled{kFileRights1, 0, 0};
    if (version >= 2) handled.files |= kRename;
    if (version >= 3) handled.files |= kTruncate;
    if (version >= kFirstWithNetwork) handled.network = kNetworkRights;
    if (version >= 5) handled.files |= kDevices;
    if (version >= kFirstWithScopes) handled.scopes = kScopes;
    return handled;
}

/// An older kernel refuses a longer struct than it knows.
std::size_t size_for(long version) {
    return sizeof(std::uint64_t) * (version >= kFirstWithScopes ? 3 : version >= kFirstWithNetwork ? 2 : 1);
}

}  // namespace

Result<bool> allow_only_reading(const std::vector<FdRef>& trees) {
    long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0UL, LANDLOCK_CREATE_RULESET_VERSION);
    if (version < 0 && (errno == ENOSYS || errno == EOPNOTSUPP)) return false;
    if (version < 0) return failed("ask for Landlock");
    auto handled = everything(version);
    Fd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &handled, size_for(version), 0U)));
    if (!rules.is_open()) return failed("landlock_create_ruleset");
    for (auto tree : trees) {
        landlock_path_beneath_attr rule{kReadFile | kReadDir, tree.get()};
        if (::syscall(SYS_landlock_add_rule, rules.get(), LANDLOCK_RULE_PATH_BENEATH, &rule, 0U) < 0) return failed("landlock_add_rule");
    }
    if (::syscall(SYS_landlock_restrict_self, rules.get(), 0U) < 0) return failed("landlock_restrict_self");
    return true;
}

}  // namespace vs::sys
