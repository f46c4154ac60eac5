#include "server/build.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "model/paths.hpp"
#include "server/life.hpp"
#include "sys/file.hpp"
#include "sys/tree.hpp"

namespace vs::server {

namespace {

namespace paths = model::paths;

storage::IdentityRequest identity_of(const BuildRequest& request) {
    const auto& settings = request.settings;
    return {.host_name = settings.host_name, .domain_name = settings.domain_name, .addresses = settings.network.addresses, .nameservers = settings.network.nameservers};
}

Result<> remove_if_there(sys::FdRef dir, const std::string& name) {
    auto removed = sys::remove_file(dir, name);
    if (!removed && removed.error().errno_value == ENOENT) return {};
    return removed;
}

Result<bool> has_settings(const model::ServerName& name) { return TRY(find_name(name.text())).has_value(); }

/// What a command works on is not repaired but waited for by nobody: it may be a stop that takes its time.
std::string skipped(const model::ServerName& name) { return fmt::format("{}: skipped, another command works on it", name.text()); }

/// Files without settings are what a killed build or delete has left: nobody can name them any more. The caller holds the name,
/// or else they might be a build's that has not written its settings yet. True where there were any.
Result<bool> remove_orphan_files(const storage::Store& store, const model::ServerName& name) {
    if (TRY(has_settings(name)) || !TRY(sys::exists(store.servers(), name.text()))) return false;
    TRY(storage::destroy_server(store, name));
    return true;
}

/// The same for one entry of the store; the line to report, or nothing (repair_run_dir tells of what is skipped).
Result<std::optional<std::string>> repair_files(const storage::Store& store, const std::string& entry) {
    auto name = model::ServerName::parse(entry);
    if (!name || TRY(has_settings(*name))) return std::nullopt;
    auto held = RunDir::hold(*name, sys::LockWait::fail_if_held);
    if (!held && held.error().code == Code::busy) return std::nullopt;
    auto [run, lock] = TRY(std::move(held));
    if (!TRY(remove_orphan_files(store, *name))) return std::nullopt;
    return fmt::format("{}: removed files without settings", entry);
}

Result<> remove_tree_in(const std::string& parent, const std::string& name) {
    auto dir = sys::open_dir(sys::kHere, parent);
    if (!dir && dir.error().errno_value == ENOENT) return {};
    if (!dir) return std::unexpected<Error>(dir.error());
    return sys::remove_tree(*dir, name);
}

/// What repair does with one entry of /run/vservers; the line to report, or nothing.
Result<std::optional<std::string>> repair_run_dir(const CgroupHost& host, const std::string& entry) {
    auto name = model::ServerName::parse(entry);
    if (!name) return std::nullopt;  // .void and its lock
    auto held = RunDir::hold(*name, sys::LockWait::fail_if_held);
    if (!held && held.error().code == Code::busy) return skipped(*name);
    auto [run, lock] = TRY(std::move(held));
    bool had_state = TRY(run.read()).has_value();
    auto running = TRY(settle(host, *name, run));
    if (!running && !TRY(has_settings(*name))) {
        TRY(remove_tree_in(paths::kRun, entry));
        return fmt::format("{}: removed what was left of it in {}", entry, paths::kRun);
    }
    if (had_state && !running) return std::optional(fmt::format("{}: cleaned up after a start or a run that was cut off", entry));
    return std::nullopt;
}

/// True where somebody had taken them away.
Result<bool> restore_rules() {
    auto running = TRY(running_networks());
    if (std::ranges::none_of(running, &NetworkPlan::has_cable)) return false;
    auto network = TRY(HostNetwork::open());
    bool were_there = TRY(network.has_rules());
    TRY(network.restore_rules(running));
    return !were_there;
}

/// The caller holds the name.
Result<storage::ServerRecord> make_files_and_settings(const storage::Store& store, const BuildRequest& request) {
    const auto& name = request.name;
    TRY(sys::make_dirs(paths::kSettings, 0755));
    auto settings_dir = TRY(sys::open_dir(sys::kHere, paths::kSettings));
    if (auto taken = TRY(find_name(name.text()))) return fail(Code::busy, "there is a server '{}' already", taken->text());
    TRY(remove_orphan_files(store, name));
    auto record = TRY(storage::create_server(store, {.name = name, .image = request.settings.image, .identity = identity_of(request)}));
    auto text = model::print_settings(request.settings, name);
    TRY_WITH(sys::replace_file(settings_dir, name.text() + ".toml", text, 0644, sys::Durability::synced), "write the settings of '{}'", name.text());
    return record;
}

}  // namespace

Result<storage::ServerRecord> build_server(const storage::Store& store, const BuildRequest& request) {
    auto [run, lock] = TRY(RunDir::hold(request.name, sys::LockWait::wait));
    auto made = make_files_and_settings(store, request);
    if (!made && !TRY(has_settings(request.name))) TRY(remove_tree_in(paths::kRun, request.name.text()));
    return made;
}

Result<> delete_server(const storage::Store& store, const model::ServerName& name) {
    auto [run, lock] = TRY(RunDir::hold(name, sys::LockWait::wait));
    auto host = TRY(CgroupHost::open());
    if (TRY(settle(host, name, run))) return fail(Code::busy, "'{}' is running: stop it first", name.text());
    auto settings_dir = TRY(sys::open_dir(sys::kHere, paths::kSettings));
    TRY(remove_if_there(settings_dir, name.text() + ".toml"));
    TRY(sys::sync_fd(settings_dir));
    TRY(storage::destroy_server(store, name));
    TRY(remove_tree_in(paths::kLogs, name.text()));
    return remove_tree_in(paths::kRun, name.text());
}

Result<std::vector<std::string>> repair(const storage::Store& store) {
    std::vector<std::string> done;
    TRY(storage::sweep(store));
    for (const auto& entry : TRY(sys::list_dir(store.servers())))
        if (auto line = TRY(repair_files(store, entry))) done.push_back(std::move(*line));
    auto run = sys::open_dir(sys::kHere, paths::kRun);
    if (!run && run.error().errno_value == ENOENT) return done;
    if (!run) return std::unexpected<Error>(run.error());
    auto host = TRY(CgroupHost::open());
    for (const auto& entry : TRY(sys::list_dir(*run)))
        if (auto line = TRY(repair_run_dir(host, entry))) done.push_back(std::move(*line));
    if (TRY(restore_rules())) done.push_back("restored the packet filter's rules of the servers that run");
    return done;
}

}  // namespace vs::server
