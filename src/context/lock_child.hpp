#pragma once
// The locked command between clone and exec: it allocates nothing, and a failure is a fixed-size record on a pipe.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "context/ceiling.hpp"
#include "context/lock_protocol.hpp"
#include "sys/fd.hpp"

namespace vs::context {

enum class LockStep : std::uint8_t { prepare, ask, protect_groups, enter_domain, load_filter, lower_ceiling, execute };

struct LockChildFailure {
    LockStep step = LockStep::prepare;
    CeilingOutcome ceiling;  ///< meaningful for lower_ceiling
    std::int32_t errno_value = 0;
    LockAnswer answer;       ///< meaningful for ask without errno_value
};
[[nodiscard]] Error lock_child_error(const LockChildFailure& failure);

/// Who closes the ways around the lock, and with what.
enum class Confiner : std::uint8_t {
    administrator,  ///< gives up what could take the lock off, behind its own read-only view of the control groups
    user,           ///< gives up all new privileges
    outer_lock,     ///< it is done already: root inside a lock
};

/// What a process has to do besides being in the lock's group. After a failure of a function it must not go on.
///
/// Fork-safety: async-signal-safe, both functions.
struct Confinement {
    Confiner confiner = Confiner::administrator;
    std::vector<const char*> protected_mounts{};  ///< of control groups and of BPF: read-only from now on
    Ceiling ceiling{};
};
/// Has the lock service move the calling process into a group of its own.
[[nodiscard]] std::optional<LockChildFailure> ask_for_lock(const LockAsk& ask, Confiner confiner) noexcept;
/// Confines the calling process, which is in the lock's group.
[[nodiscard]] std::optional<LockChildFailure> confine_to_lock(const Confinement& confinement) noexcept;

/// Everything that the child needs; what it points to outlives the clone.
struct LockChildPlan {
    std::vector<char*> argv;
    Confinement confinement;
    const LockAsk* ask = nullptr;  ///< of the service; nullptr: it was born in the group
    bool keep_descriptors = false;
    int report = -1;  ///< the pipe; close-on-exec tells success
};

[[noreturn]] void run_lock_child(const LockChildPlan& plan) noexcept;

/// What root gives up.
Ceiling lock_ceiling();

}  // namespace vs::context
