#pragma once
// The resource limits (setrlimit(2)) of a server's processes: those that the settings name, and fixed defaults for the others, so
// that a server does not depend on who starts it.
//
// Limits and priority are set by a process that is root of the host: raising them takes capabilities in the initial user namespace,
// and a server's own processes have none there.

#include <vector>

#include "model/settings.hpp"
#include "sys/fd.hpp"
#include "sys/limits.hpp"

namespace vs::server {

struct PreparedLimit {
    int resource;
    sys::LimitBounds bounds;
    sys::LimitBounds widest;  ///< this one or the default, whichever is wider: of the process that makes a user namespace for it
};

/// Every limit. Code::unsupported where the settings name a hard limit that this machine does not let us reach; a default that
/// it does not let us reach is lowered to what it does.
Result<std::vector<PreparedLimit>> prepare_limits(const model::Settings& settings);

/// Gives this process the widest of each limit: what a child of it inherits, and what is counted over the whole of a user namespace that it
/// makes (memory locked, messages, signals), is then no longer our caller's.
Result<> take_limits(const std::vector<PreparedLimit>& limits);

/// The limits of a child of a process that has done that.
Result<> limit_child(pid_t child, const std::vector<PreparedLimit>& limits);

/// What else a child would have of who starts it: processors, policy, class of I/O, and protection from the killer that comes when
/// memory runs out. `proc` is our procfs.
Result<> detach_from_caller(pid_t child, sys::FdRef proc);

}  // namespace vs::server
