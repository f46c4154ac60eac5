#pragma once
// Questions: they change nothing but that a dead server is cleaned up and an orphaned one adopted (where we may).

#include "server/cgroups.hpp"
#include "server/registry.hpp"
#include "server/run_state.hpp"

namespace vs::server {

enum class Condition { stopped, starting, running, maintenance };
std::string_view condition_name(Condition condition);

/// One server as list, status and vserver-stat show it.
struct ServerStatus {
    model::ServerName name;
    Condition condition = Condition::stopped;
    std::optional<storage::ServerRecord> record;  ///< nullopt: its files are missing
    std::optional<model::Settings> settings;      ///< nullopt: they are wrong
    std::string problem;                          ///< why one of the two is missing
    std::optional<RunState> run;
    Usage usage;
    std::string last_end;
    std::string restart{};  ///< when it is started again, where that is to come
};
Result<ServerStatus> query_server(const storage::Store& store, const model::ServerName& name);
Result<std::vector<ServerStatus>> query_all(const storage::Store& store);

}  // namespace vs::server
