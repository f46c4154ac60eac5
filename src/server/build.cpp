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

/// Whether it was there.
Result<bool> remove_if_there(sys::FdRef dir, const std::string& name) {
    auto removed = sys::remove_file(dir, name);
    if (removed) return true;
    if (removed.error().errno_value == ENOENT) return false;
    return std::unexpected<Error>(removed.error());
}

std::string settings_file(const model::ServerName& name) { return name.text() + ".toml"; }

/// What a command works on is not repaired but waited for by nobody: it may be a stop that takes its time.
std::string skipped(std::string_view name) { return fmt::format("{}: skipped, another command works on it", name); }

Result<bool> has_settings(const model::ServerName& name) { return sys::exists(sys::kHere, settings_path(name)); }

Result<std::vector<std::string>> list_if_there(const std::string& path) {
    auto dir = sys::open_dir(sys::kHere, path);
    if (!dir && dir.error().errno_value == ENOENT) return std::vector<std::string>();
    if (!dir) return std::unexpected<Error>(dir.error());
    return sys::list_dir(*dir);
}

Result<> remove_tree_in(const std::string& parent, const std::string& name) {
    auto dir = sys::open_dir(sys::kHere, parent);
    if (!dir && dir.error().errno_value == ENOENT) return {};
    if (!dir) return std::unexpected<Error>(dir.error());
    return sys::remove_tree(*dir, name);
}

/// All but what is in /run. Settings first: from then on it is what a build or a delete that was killed has left, and which
/// repair and the next build of that name remove in the same way.
/// Precondition: the caller holds the server's lock.
Result<> remove_everything(const storage::Store& store, const model::ServerName& name) {
    TRY_WITH(storage::condemn_server(store, name), "mark the files of '{}'", name.text());
    auto settings_dir = TRY(sys::open_dir(sys::kHere, paths::kSettings));
    TRY(remove_if_there(settings_dir, sys::temporary_name(settings_file(name))));
    if (TRY(remove_if_there(settings_dir, settings_file(name)))) TRY(sys::sync_fd(settings_dir));
    TRY(storage::destroy_server(store, name));
    return remove_tree_in(paths::kLogs, name.text());
}

/// Names of which there may be something without settings.
Result<std::vector<model::ServerName>> names_left(const storage::Store& store) {
    auto entries = TRY(sys::list_dir(store.servers()));
    for (auto& entry : TRY(list_if_there(paths::kLogs))) entries.push_back(std::move(entry));
    constexpr std::string_view kBefore = ".", kBehind = ".toml.new";
    for (const auto& entry : TRY(list_if_there(paths::kSettings)))
        if (entry.starts_with(kBefore) && entry.ends_with(kBehind) && entry.size() > kBefore.size() + kBehind.size())
            entries.push_back(entry.substr(kBefore.size(), entry.size() - kBefore.size() - kBehind.size()));
    std::sort(entries.begin(), entries.end());
    entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
    std::vector<model::ServerName> names;
    for (const auto& entry : entries)
        if (auto name = model::ServerName::parse(entry)) names.push_back(*name);
    return names;
}

/// A build that was killed at its very end.
Result<std::optional<std::string>> complete(const storage::Store& store, const model::ServerName& name) {
    if (TRY(storage::server_left(store, name)) != storage::ServerLeft::incomplete) return std::nullopt;
    TRY(storage::complete_server(store, name));
    return fmt::format("{}: completed its build", name.text());
}

/// What repair does about one name; the line to report, or nothing (repair_run_dir tells of what is skipped).
Result<std::optional<std::string>> repair_files(const storage::Store& store, const model::ServerName& name) {
    if (TRY(storage::server_left(store, name)) == storage::ServerLeft::whole) {
        if (TRY(has_settings(name))) return std::nullopt;
        return fmt::format("{}: {}", name.text(), lost_settings(name).message());
    }
    auto held = RunDir::hold(name, sys::LockWait::fail_if_held);
    if (!held && held.error().code == Code::busy) return std::nullopt;
    auto [run, lock] = TRY(std::move(held));
    if (TRY(has_settings(name))) return complete(store, name);
    if (TRY(storage::server_left(store, name)) == storage::ServerLeft::whole) return std::nullopt;
    TRY(remove_everything(store, name));
    return fmt::format("{}: removed files without settings", name.text());
}

/// What repair does with one entry of /run/vservers; the line to report, or nothing.
Result<std::optional<std::string>> repair_run_dir(const CgroupHost& host, const std::string& entry) {
    auto name = model::ServerName::parse(entry);
    if (!name) return std::nullopt;  // .void and its lock
    auto held = RunDir::hold(*name, sys::LockWait::fail_if_held);
    if (!held && held.error().code == Code::busy) return skipped(name->text());
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
Result<storage::ServerRecord> make_files(const storage::Store& store, const BuildRequest& request) {
    const auto& name = request.name;
    auto record = TRY(storage::create_server(store, {.name = name, .image = request.settings.image, .identity = identity_of(request)}));
    auto settings_dir = TRY(sys::open_dir(sys::kHere, paths::kSettings));
    auto text = model::print_settings(request.settings, name);
    TRY_WITH(sys::replace_file(settings_dir, settings_file(name), text, 0644, sys::Durability::synced), "write the settings of '{}'", name.text());
    TRY(storage::complete_server(store, name));
    return record;
}

}  // namespace

Result<storage::ServerRecord> build_server(const storage::Store& store, const BuildRequest& request) {
    const auto& name = request.name;
    TRY(sys::make_dirs(paths::kSettings, 0755));
    auto [run, lock] = TRY(RunDir::hold(name, sys::LockWait::wait));
    if (auto taken = TRY(find_name(name.text()))) {
        if (*taken != name) TRY(remove_tree_in(paths::kRun, name.text()));
        return fail(Code::busy, "there is a server '{}' already", taken->text());
    }
    if (TRY(storage::server_left(store, name)) == storage::ServerLeft::whole) return std::unexpected<Error>(lost_settings(name));
    TRY(remove_everything(store, name));
    auto made = make_files(store, request);
    if (made) return made;
    auto undone = remove_everything(store, name);
    if (undone) undone = remove_tree_in(paths::kRun, name.text());
    if (!undone) made.error().cause += fmt::format(" (and removing its files failed: {}: try 'vserver repair')", undone.error().message());
    return made;
}

Result<> delete_server(const storage::Store& store, const model::ServerName& name) {
    auto [run, lock] = TRY(RunDir::hold(name, sys::LockWait::wait));
    auto host = TRY(CgroupHost::open());
    if (TRY(settle(host, name, run))) return fail(Code::busy, "'{}' is running: stop it first", name.text());
    TRY(remove_everything(store, name));
    return remove_tree_in(paths::kRun, name.text());
}

Result<std::vector<std::string>> repair(const storage::Store& store) {
    std::vector<std::string> done;
    for (const auto& held : TRY(storage::sweep(store))) done.push_back(skipped(held));
    for (const auto& name : TRY(names_left(store)))
        if (auto line = TRY(repair_files(store, name))) done.push_back(std::move(*line));
    auto entries = TRY(list_if_there(paths::kRun));
    if (entries.empty()) return done;
    auto host = TRY(CgroupHost::open());
    for (const auto& entry : entries)
        if (auto line = TRY(repair_run_dir(host, entry))) done.push_back(std::move(*line));
    if (TRY(restore_rules())) done.push_back("restored the packet filter's rules of the servers that run");
    return done;
}

}  // namespace vs::server
