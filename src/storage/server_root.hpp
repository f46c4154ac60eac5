#pragma once
// The files of one server: /var/lib/vservers/servers/NAME with `upper` (its own layer), `work` (overlayfs), `volumes` and
// `record.json`. They appear by a rename and vanish by a rename. Between these and the settings, which come after the files and go
// before them, there is a file `incomplete`: it tells what a killed build or delete has left, which may be removed, from a whole
// server whose settings somebody has lost, which may not.

#include <optional>
#include <string>
#include <vector>

#include "model/name.hpp"
#include "storage/identity.hpp"
#include "storage/store.hpp"

namespace vs::storage {

struct ServerRecord {
    model::ServerName name;
    model::ServerNumber number;
    std::string uuid;     ///< also its machine-id, without the dashes
    std::string image;    ///< id
    std::string created;  ///< RFC 3339, UTC
};

struct NewServer {
    model::ServerName name;
    std::string image;
    IdentityRequest identity;
};
/// Code::busy where a server of that name exists, whatever its case. The number is the lowest that no record has and whose
/// ids nobody on the host has (/etc/subuid, /etc/subgid, /etc/passwd, /etc/group).
/// It is incomplete.
Result<ServerRecord> create_server(const Store& store, const NewServer& request);

/// Once the settings are there.
Result<> complete_server(const Store& store, const model::ServerName& name);
/// Before the settings go; on disk when it returns.
Result<> condemn_server(const Store& store, const model::ServerName& name);

enum class ServerLeft { nothing, incomplete, whole };
Result<ServerLeft> server_left(const Store& store, const model::ServerName& name);

/// Code::no_such_server where there is none.
Result<ServerRecord> read_server(const Store& store, const model::ServerName& name);
Result<std::vector<ServerRecord>> list_servers(const Store& store);

/// Gone for good; also where it is gone already or half gone. The caller has stopped it.
Result<> destroy_server(const Store& store, const model::ServerName& name);

/// What to copy with `cp -a` or `rsync -aHAX` to move the server to another machine.
Result<std::vector<std::string>> server_files(const Store& store, const model::ServerName& name);

}  // namespace vs::storage
