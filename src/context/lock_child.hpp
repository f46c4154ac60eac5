#pragma once
// The locked command between clone and exec: it allocates nothing, and a failure is a fixed-size record on a pipe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "context/ceiling.hpp"
#include "sys/fd.hpp"

namespace vs::context {

enum class LockStep : std::uint8_t { prepare, protect_groups, enter_domain, load_filter, lower_ceiling, execute };

struct LockChildFailure {
    LockStep step = LockStep::prepare;
    CeilingOutcome ceiling;  ///< meaningful for lower_ceiling
    std::int32_t errno_value = 0;
};
[[nodiscard]] Error lock_child_error(const LockChildFailure& failure);

/// Confines the calling process, which must have been born in the lock's group or moved there: closes the ways around the lock, and as
/// root gives up what could take it off, behind its own read-only view of the control groups. After a failure it must not go on.
///
/// Fork-safety: async-signal-safe.
struct Confinement {
    std::vector<const char*> protected_mounts;  ///< of control groups and of BPF: read-only from now on
    Ceiling ceiling;
};
[[nodiscard]] std::optional<LockChildFailure> confine_to_lock(const Confinement& confinement) noexcept;

/// Everything that the child needs; what it points to outlives the clone.
struct LockChildPlan {
    std::vector<char*> argv;
    Confinement confinement;
    bool keep_descriptors = false;
    int report = -1;  ///< the pipe; close-on-exec tells success
};

[[noreturn]] void run_lock_child(const LockChildPlan& plan) noexcept;

/// What root gives up.
Ceiling lock_ceiling();

}  // namespace vs::context
