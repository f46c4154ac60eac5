#pragma once
// Starting a server.

#include "server/life.hpp"
#include "server/registry.hpp"

namespace vs::server {

/// What a start would do, as text for --dry-run: one line per step, nothing is touched.
Result<std::vector<std::string>> describe_start(const storage::Store& store, const Server& server);

/// What a start has to tell beside that it is done.
struct StartReport {
    RunState state;
    std::vector<std::string> notes;  ///< a post-start hook that failed
};
/// Starts it with its hooks. Code::busy where it runs already. After a failure nothing is left of it.
/// Precondition: there was a server of this name a moment ago.
Result<StartReport> start_server(const storage::Store& store, const model::ServerName& name);

/// The same by a holder of `run`'s lock who knows that it is stopped, and who has read `server` under it.
Result<StartReport> start_locked(const storage::Store& store, Server server, const RunDir& run, sys::Fd lock);

/// The same for maintenance: only an idle init, no hooks, no services. The caller holds `run`'s lock.
Result<RunState> start_for_maintenance(const storage::Store& store, const Server& server, const RunDir& run);

}  // namespace vs::server
