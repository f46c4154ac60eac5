#pragma once
// The pause before a server that has rebooted is started again. One reboot is answered at once, but a server that does nothing else
// would have the host start it for ever, and a start is the host's own work, outside of the server's limits.

#include <chrono>

#include "server/run_state.hpp"

namespace vs::server {

/// How many reboots in a row came soon after their start, this one included; `before` is what it was, `lived` how long the server ran.
unsigned count_quick_reboots(unsigned before, std::chrono::seconds lived);
/// Nothing for the first ones, then from a second, doubled each time, to a minute.
std::chrono::seconds restart_pause(unsigned quick_reboots);

struct Restart {
    std::chrono::seconds pause{0};
    sys::Fd note;  ///< what status shows and cancel_restart() takes away; locked as long as somebody waits
};
/// Counts a reboot of a server that ran as `state` says. The caller holds the lock.
Result<Restart> note_reboot(const RunDir& run, const RunState& state);
/// Waits, and as long as a command works in the stopped server; where there is a pause the caller does not hold the lock. It has
/// to take it then, and ask cancel_restart() whether the server is still to be started.
Result<> wait_for_restart(const RunDir& run, const Restart& restart);

/// For who starts or deletes it now, or wants it to stay stopped. True where a restart was to come.
Result<bool> cancel_restart(const RunDir& run);
/// When it comes and why, for status; empty where none is to come.
Result<std::string> pending_restart(const RunDir& run);

}  // namespace vs::server
