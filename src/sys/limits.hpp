#pragma once
// Resource limits, priorities and scheduling of processes: prlimit(2), setpriority(2), sched(7). Raising either takes a capability in the initial user
// namespace.

#include <sys/types.h>

#include <cstdint>

#include "base/result.hpp"

namespace vs::sys {

struct LimitBounds {
    std::uint64_t soft, hard;  ///< ~0 is no limit
    friend bool operator==(const LimitBounds&, const LimitBounds&) = default;
};

/// True where this process may raise hard limits (CAP_SYS_RESOURCE).
bool may_raise_limits();
/// A limit of this process. `resource` is one of RLIMIT_*.
Result<LimitBounds> own_limit(int resource);
/// `process` 0 is this one.
Result<> set_limit(pid_t process, int resource, LimitBounds bounds);
/// -20 (most) to 19.
Result<> set_priority(pid_t process, int nice);

/// Every processor, the ordinary policy, no class of I/O: nothing of who has started it.
Result<> reset_scheduling(pid_t process);

}  // namespace vs::sys
