#pragma once
// Which servers there are: those with a settings file, read together with their record. And those that run and have lost it.

#include <string>
#include <vector>

#include "model/settings.hpp"
#include "storage/server_root.hpp"

namespace vs::server {

struct Server {
    model::ServerName name;
    model::Settings settings;
    storage::ServerRecord record;
};

/// By name, ignoring case. Code::no_such_server with the nearest name; Code::usage where its settings are wrong.
Result<Server> load_server(const storage::Store& store, const std::string& name);
/// Every name, sorted; those whose settings are wrong too, and those that run without any.
Result<std::vector<model::ServerName>> list_names();
/// The name of an existing server as it is spelled in its settings file, or nothing.
Result<std::optional<model::ServerName>> find_name(const std::string& text);
/// The same, or that of a server that runs without any: what is asked or stopped goes by what runs.
Result<std::optional<model::ServerName>> find_listed(const std::string& text);

/// That of settings, or of files without them. Code::no_such_server where there is neither.
Result<model::ServerName> find_with_remains(const storage::Store& store, const std::string& text);
/// What has files and no settings, but was left by no build and no delete, is somebody's server.
Error lost_settings(const model::ServerName& name);

/// Where a server's settings are.
std::string settings_path(const model::ServerName& name);

}  // namespace vs::server
