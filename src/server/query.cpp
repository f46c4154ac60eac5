#include "server/query.hpp"

#include "model/paths.hpp"
#include "server/life.hpp"
#include "server/restart.hpp"
#include "server/stop.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

Condition condition_of(const std::optional<RunState>& run) {
    if (!run) return Condition::stopped;
    if (run->phase == Phase::starting) return Condition::starting;
    return run->purpose == Purpose::maintenance ? Condition::maintenance : Condition::running;
}

/// Waiting for the lock of a server that is being started or stopped would make a list hang: its state is shown as it is.
/// Whose init is dead is left to its keeper, which may be about to start it again, or to the next command that changes something.
Result<std::optional<RunState>> current_state(const CgroupHost& host, const model::ServerName& name, const RunDir& run) {
    auto lock = sys::lock_file(run.dir(), "lock", sys::LockWait::fail_if_held);
    if (!lock && lock.error().code != Code::busy) return std::unexpected<Error>(lock.error());
    auto state = TRY(run.read());
    if (!lock || !state) return state;
    if (state->phase != Phase::running || !TRY(init_lives(host, name, *state))) return std::nullopt;
    if (state->purpose == Purpose::maintenance) return settle(host, name, run);
    TRY(mend(host, name, run, *state));
    return state;
}

Result<> add_run_state(ServerStatus& status) {
    if (!TRY(sys::exists(sys::kHere, fmt::format("{}/{}", model::paths::kRun, status.name.text())))) return {};
    auto run = TRY(RunDir::open(status.name));
    auto host = TRY(CgroupHost::open());
    status.run = TRY(current_state(host, status.name, run));
    status.condition = condition_of(status.run);
    status.last_end = last_end(run);
    status.restart = TRY(pending_restart(run));
    if (!status.run) return {};
    status.usage = read_usage(host, status.name.text());
    // What it executes now; the guest chooses that name, so it is for people to read and for nothing else.
    auto program = sys::program_of(status.run->init);
    if (program) status.run->init_path = std::move(*program);
    return {};
}

}  // namespace

std::string_view condition_name(Condition condition) {
    switch (condition) {
        case Condition::stopped: return "stopped";
        case Condition::starting: return "starting";
        case Condition::running: return "running";
        case Condition::maintenance: return "maintenance";
    }
    return "";
}

Result<ServerStatus> query_server(const storage::Store& store, const model::ServerName& name) {
    ServerStatus status{.name = name, .condition = Condition::stopped, .record = {}, .settings = {}, .problem = {}, .run = {}, .usage = {}, .last_end = {}};
    auto server = load_server(store, name.text());
    if (server) {
        status.record = std::move(server->record);
        status.settings = std::move(server->settings);
    } else if (!TRY(find_listed(name.text()))) {
        return std::unexpected<Error>(server.error());
    } else {
        status.problem = server.error().message();
    }
    TRY(add_run_state(status));
    return status;
}

Result<std::vector<ServerStatus>> query_all(const storage::Store& store) {
    std::vector<ServerStatus> all;
    for (const auto& name : TRY(list_names())) all.push_back(TRY(query_server(store, name)));
    return all;
}

}  // namespace vs::server
