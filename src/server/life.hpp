#pragma once
// The state of a server's life, brought to one of two: it runs, or nothing of it is left.

#include "server/cgroups.hpp"
#include "server/run_state.hpp"

namespace vs::server {

/// Shared by every command inside a server that is started for maintenance.
inline constexpr const char* kMaintenanceLock = "maintenance.lock";

/// True where the init of this state lives: the pid exists, started when we noted, and is in the server's groups.
Result<bool> init_lives(const CgroupHost& host, const model::ServerName& name, const RunState& state);

/// Ends everything that the state names: processes, network, groups, the state itself. Idempotent; the one way in which a
/// stop, a failed start and a recovery clean up.
/// Precondition: the caller holds the server's lock.
Result<> tear_down(const CgroupHost& host, const model::ServerName& name, const RunDir& run, const RunState& state);

/// The server's lock, for a command that changes it. Where the init has ended and its keeper is about to clean up or to start
/// the server again, that goes first: otherwise a command at that moment would turn a reboot into a halt.
Result<sys::Fd> lock_server(const CgroupHost& host, const model::ServerName& name, const RunDir& run);

/// A running server that has lost its keeper or its network view gets another.
/// Precondition: the caller holds the server's lock.
Result<> mend(const CgroupHost& host, const model::ServerName& name, const RunDir& run, const RunState& state);

/// What a killed command left is torn down, what ended by itself too, and a running server is mended.
/// The state of the running server, or nullopt where it is stopped.
/// Precondition: the caller holds the server's lock.
Result<std::optional<RunState>> settle(const CgroupHost& host, const model::ServerName& name, const RunDir& run);

}  // namespace vs::server
