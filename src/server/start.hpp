#pragma once
// Starting a server.

#include "server/life.hpp"
#include "server/registry.hpp"

namespace vs::server {

/// What a start would do, as text for --dry-run: one line per step, nothing is touched.
Result<std::vector<std::string>> describe_start(const storage::Store& store, const Server& server);

/// Starts it with its hooks. Code::busy where it runs already. After a failure nothing is left of it.
Result<RunState> start_server(const storage::Store& store, const Server& server);

/// The same by a holder of `run`'s lock who knows that it is stopped.
Result<RunState> start_locked(const storage::Store& store, const Server& server, const RunDir& run);

/// The same for maintenance: only an idle init, no hooks, no services. The caller holds `run`'s lock.
Result<RunState> start_for_maintenance(const storage::Store& store, const Server& server, const RunDir& run);

}  // namespace vs::server
