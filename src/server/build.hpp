#pragma once
// Making and deleting servers.

#include "server/registry.hpp"

namespace vs::server {

struct BuildRequest {
    model::ServerName name;
    model::Settings settings;  ///< `image` is the one to stand on
};
/// The server's files and then its settings file; a server exists from the moment its settings do. Code::busy where the name
/// is taken. Holds the name meanwhile. Killed on the way it leaves nothing that a second build of the same name does not replace.
Result<storage::ServerRecord> build_server(const storage::Store& store, const BuildRequest& request);

/// Settings first, then the files, then its logs and what is in /run. Code::busy where it runs.
Result<> delete_server(const storage::Store& store, const model::ServerName& name);

/// Brings everything to before or after: sweeps staging and trash, removes files without settings that a killed build or
/// delete left, settles every server, removes what no server owns below /run/vservers. Waits for no other command: what one
/// works on is skipped. One line per thing done or skipped.
Result<std::vector<std::string>> repair(const storage::Store& store);

}  // namespace vs::server
