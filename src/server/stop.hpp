#pragma once
// Stopping a server, and what follows when it ends by itself.

#include <chrono>
#include <optional>

#include "server/life.hpp"
#include "server/registry.hpp"

namespace vs::server {

enum class StopManner {
    graceful,  ///< the init is asked, then everything gets SIGTERM, then SIGKILL: it always ends
    kill,      ///< at once
};
struct StopOptions {
    StopManner manner = StopManner::graceful;
    std::optional<std::chrono::milliseconds> timeout;  ///< for the init; nullopt: `stop_timeout` of the settings
};
/// What a stop has to tell beside that it is done.
struct StopReport {
    bool killed = false;              ///< the init did not end in time
    std::vector<std::string> notes;   ///< a post-stop hook that failed, settings that could not be heeded
};
/// Goes by what runs: settings that are damaged or lost by now keep no server running. Its hooks and its `stop_timeout` are
/// skipped then, with a note. Code::not_running where it does not run.
Result<StopReport> stop_server(const storage::Store& store, const model::ServerName& name, const StopOptions& options);

/// The init of `generation` has ended as `how` says (keeper_protocol.hpp): cleans up, and starts the server again where it
/// has rebooted, after a pause where it does nothing else (restart.hpp). Nothing to do where a command has cleaned up already.
Result<> init_ended(const storage::Store& store, const model::ServerName& name, std::uint32_t generation, const std::string& how);

/// Why the last run ended, for status: "halt 2026-11-21T10:00:00Z". Empty where this boot knows of none.
std::string last_end(const RunDir& run);

}  // namespace vs::server
