#include "guard/secure_host.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/text.hpp"
#include "guard/secure_record.hpp"
#include "guard/secure_rules.hpp"
#include "model/paths.hpp"
#include "server/devices.hpp"
#include "server/drop_in.hpp"
#include "server/network.hpp"
#include "server/query.hpp"
#include "server/start.hpp"
#include "server/stop.hpp"
#include "sys/process.hpp"
#include "sys/route.hpp"

namespace vs::guard {

namespace {

constexpr std::chrono::seconds kPatience{120};  // systemctl reads every unit anew
constexpr std::chrono::seconds kDriverPatience{90};  // as long as systemd waits for a device
constexpr const char* kUnits[] = {"vserver-secure-host.service", "vserver-secure-host-resume.service"};

/// One at a time: udev has catch_devices() called for the very device that undo gives back, and for one that a boot is about to give away.
Result<sys::Fd> take_turn(const storage::Store& store) {
    auto path = store.path() + "/guard";
    TRY(sys::make_dirs(path, 0700));
    auto dir = TRY(sys::open_dir(sys::kHere, path));
    auto lock = TRY(sys::lock_file(dir, "secure-host.lock", sys::LockWait::wait));
    for (const auto& name : TRY(sys::list_dir(dir)))  // of a write that was cut off
        if (name.starts_with(".secure-host.")) TRY(sys::remove_file(dir, name));
    return lock;
}

Result<> run_nft(std::string input) {
    TRY(sys::run_checked({"nft", "-f", "-"}, {.input = std::move(input), .environment = {}, .limit = kPatience}));
    return {};
}

Result<sys::DirFd> settings_dir() { return sys::open_dir(sys::kHere, model::paths::kSettings); }
std::string settings_file(const std::string& server) { return server + ".toml"; }

Result<> write_settings(const std::string& server, const std::string& text) {
    return sys::replace_file(TRY(settings_dir()), settings_file(server), text, 0600, sys::Durability::synced);
}

model::Settings with_devices(model::Settings settings, const std::vector<model::OwnDevice>& devices) {
    settings.network = {.kind = model::NetworkKind::none, .addresses = {}, .ports = {}, .nameservers = settings.network.nameservers, .uplink = {}, .view = {}};
    settings.devices = devices;
    return settings;
}

/// As apply found them; what somebody has changed in them since is kept, but for the network.
Result<std::string> settings_without_devices(const SecureRecord& record, const server::Server& server) {
    if (TRY(sys::read_file(TRY(settings_dir()), settings_file(record.server))) == record.settings_after) return record.settings_before;
    auto before = TRY(model::parse_settings(record.settings_before, "the settings of before"));
    auto settings = server.settings;
    settings.network = before.network;
    settings.devices = before.devices;
    return model::print_settings(settings, server.name);
}

Result<bool> units_are(const std::string& state) {
    for (const auto* unit : kUnits) {
        auto asked = TRY(sys::run_program({"systemctl", "is-enabled", unit}, {.input = "", .environment = {}, .limit = kPatience}));
        if (base::trim(asked.out) != state) return false;
    }
    return true;
}

/// Switches on or off what does at each boot what apply did.
Result<> set_units(const char* verb) {
    if (!TRY(server::has_systemd())) return {};
    if (TRY(units_are(fmt::format("{}d", verb)))) return {};  // a resume at boot is no time to have systemd read its units again
    std::vector<std::string> command = {"systemctl", verb};
    command.insert(command.end(), std::begin(kUnits), std::end(kUnits));
    TRY(sys::run_checked(command, {.input = "", .environment = {}, .limit = kPatience}));
    return {};
}

/// True where it ran.
Result<bool> stop_if_it_runs(const storage::Store& store, const model::ServerName& name) {
    auto stopped = server::stop_server(store, name, {});
    if (stopped) return true;
    if (stopped.error().code == Code::not_running) return false;
    return std::unexpected<Error>(stopped.error());
}

/// What runs would keep its network of before.
Result<> restart(const storage::Store& store, const std::string& name) {
    auto server = TRY(server::load_server(store, name));
    TRY(stop_if_it_runs(store, server.name));
    TRY(server::start_server(store, server.name));
    return {};
}

/// nft takes an error while it reads for the end of its input, and loads what it has.
Result<> check_rules(Layout layout) {
    for (auto [family, wanted] : rules_of(layout).tables())
        if (TRY(list_secure_table(family, Counters::hidden)) != wanted) return fail(Code::failed, "nft did not load the table '{} vserver_secure' as it is", family);
    return {};
}

/// The rules, and what of them depends on who runs.
Result<> load_rules(Layout layout) {
    TRY_WITH(run_nft(secure_rules(layout)), "load the rules");
    TRY_WITH(check_rules(layout), "load the rules");
    if (layout == Layout::given_away) return {};
    auto network = TRY(server::HostNetwork::open());
    // A start that is under way may have said so to the rules of before.
    for (const auto& plan : TRY(server::networks_in_phases({server::Phase::starting, server::Phase::running}))) TRY(network.open_to_neighbours(plan));
    return network.restore_rules(TRY(server::running_networks()));
}

/// For now and for each boot. The file comes first: with it, the record alone says that the machine is secured.
Result<> close_main_environment(const storage::Store& store, Layout layout) {
    auto dir = TRY(sys::open_dir(sys::kHere, store.path() + "/guard"));
    TRY(sys::replace_file(dir, "secure-host.nft", secure_rules(layout), 0600, sys::Durability::synced));
    TRY(load_rules(layout));
    TRY_WITH(set_units("enable"), "have the rules loaded at each boot");
    return {};
}

Result<> secure(const storage::Store& store, const SecureRecord& record) {
    TRY(close_main_environment(store, record.layout));
    if (record.layout == Layout::behind_rules) return {};
    TRY_WITH(write_settings(record.server, record.settings_after), "write the settings of '{}'", record.server);
    return restart(store, record.server);
}

/// What the kernel did not take back is told.
Result<std::vector<std::string>> set_up(const SecureRecord& record, const model::OwnDevice& device) {
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    auto found = TRY(sys::device_by_name(socket, device.name));
    if (!found) return fail(Code::failed, "'{}' is not there", device.name);
    if (auto state = record.before.find(device.name); state != record.before.end()) return sys::restore_device(socket, found->index, state->second);
    sys::MessageRow row;  // the record is of a version that kept no more
    server::set_up_device(row, device, found->index);
    std::vector<std::string> refused;
    if (row.count() == 0) return refused;
    for (const auto& refusal : TRY(socket.send(row)))
        if (refusal.error.errno_value != EEXIST) refused.push_back(refusal.error.message());
    return refused;
}

Result<std::vector<std::string>> give_back(const SecureRecord& record) {
    std::vector<std::string> refused;
    for (const auto& device : record.devices) {
        TRY_WITH(server::unpark_device(device.name), "give '{}' back", device.name);
        for (const auto& refusal : TRY_WITH(set_up(record, device), "set up '{}' as it was", device.name))
            refused.push_back(fmt::format("'{}' is not all that it was: {}", device.name, refusal));
    }
    return refused;
}

Result<std::map<std::string, sys::DeviceState>> states_of(const std::vector<model::OwnDevice>& devices) {
    std::map<std::string, sys::DeviceState> states;
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& device : devices)
        if (auto found = TRY(sys::device_by_name(socket, device.name))) states[device.name] = TRY(sys::device_state(socket, found->index));
    return states;
}

/// The record goes last: until then undo can be called again.
Result<> open_main_environment(const storage::Store& store) {
    TRY_WITH(set_units("disable"), "let the rules not be loaded at the next boot");
    TRY_WITH(run_nft(std::string(kNoSecureRules)), "remove the rules");
    for (auto [family, text] : kWithoutDevices.tables())
        if (!TRY(list_secure_table(family, Counters::hidden)).empty()) return fail(Code::failed, "nft did not remove the table '{} vserver_secure'", family);
    auto removed = sys::remove_file(sys::kHere, secure_rules_path(store));
    if (!removed && removed.error().errno_value != ENOENT) return removed;
    return remove_secure_record(store);
}

Result<std::vector<std::string>> undo(const storage::Store& store) {
    std::vector<std::string> refused;
    auto record = TRY(read_secure_record(store));
    if (!record) return refused;
    if (record->layout == Layout::behind_rules) {
        TRY(open_main_environment(store));
        return refused;
    }
    auto server = TRY(server::load_server(store, record->server));
    bool ran = TRY(stop_if_it_runs(store, server.name));
    TRY(write_settings(record->server, TRY(settings_without_devices(*record, server))));
    refused = TRY(give_back(*record));
    TRY(open_main_environment(store));
    if (ran) TRY_WITH(server::start_server(store, TRY(server::load_server(store, record->server)).name), "start '{}' again", record->server);
    return refused;
}

/// The record, where there is one. The turn ends with it: what is caught while resume waits for a device is taken out.
Result<std::optional<SecureRecord>> close_again(const storage::Store& store) {
    auto turn = TRY(take_turn(store));
    auto record = TRY(read_secure_record(store));
    if (record) TRY(close_main_environment(store, record->layout));
    return record;
}

Result<bool> runs(const storage::Store& store, const model::ServerName& name) {
    return TRY(server::query_server(store, name)).condition == server::Condition::running;
}

Result<bool> are_there(const std::vector<model::OwnDevice>& devices) {
    auto names = TRY(server::parked_devices());
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& link : TRY(sys::links(socket))) names.push_back(link.name);
    return std::ranges::all_of(devices, [&](const auto& device) { return std::ranges::find(names, device.name) != names.end(); });
}

/// A boot does not wait for drivers, and a card's may come late. Of one that never comes the start says so.
Result<> wait_for_devices(const SecureRecord& record) {
    constexpr std::chrono::milliseconds kBetween{100};
    auto deadline = std::chrono::steady_clock::now() + kDriverPatience;
    while (!TRY(are_there(record.devices)) && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(kBetween);
    return {};
}

Result<SecureRecord> record_of(const storage::Store& store, const SecurePlan& plan) {
    SecureRecord record{.layout = plan.layout(), .server = "", .devices = plan.devices};
    if (!plan.server) return record;
    record.server = plan.server->text();
    record.before = TRY(states_of(plan.devices));
    record.settings_before = TRY(sys::read_file(TRY(settings_dir()), settings_file(record.server)));
    record.settings_after = model::print_settings(with_devices(TRY(server::load_server(store, record.server)).settings, plan.devices), *plan.server);
    TRY(model::parse_settings(record.settings_after, "its settings with the devices"));
    return record;
}

}  // namespace

Result<std::string> list_secure_table(const char* family, Counters counters) {
    std::vector<std::string> command = {"nft", "--terse"};
    if (counters == Counters::hidden) command.emplace_back("--stateless");
    command.insert(command.end(), {"list", "table", family, "vserver_secure"});
    auto listed = TRY(sys::run_program(command, {.input = "", .environment = {}, .limit = kPatience}));
    return listed.status.success() ? listed.out : std::string();
}

std::string secure_rules_path(const storage::Store& store) { return store.path() + "/guard/secure-host.nft"; }

Result<> apply_secure_host(const storage::Store& store, const SecurePlan& plan) {
    if (!plan.refusals.empty()) return fail(Code::denied, "{}", plan.refusals.front());
    auto turn = TRY(take_turn(store));
    if (TRY(read_secure_record(store))) return fail(Code::busy, "this machine is secured already: 'vserver secure-host undo' first");
    auto record = TRY(record_of(store, plan));
    auto done = write_secure_record(store, record);  // which may be there although it failed
    if (done) done = secure(store, record);
    if (done) return done;
    auto undone = undo(store);
    auto error = done.error();
    if (!undone) error.cause += fmt::format(" (and undoing it failed: {})", undone.error().message());
    else if (!undone->empty()) error.cause += fmt::format(" ({})", undone->front());
    return std::unexpected<Error>(std::move(error));
}

Result<std::vector<std::string>> undo_secure_host(const storage::Store& store) {
    auto turn = TRY(take_turn(store));
    if (!TRY(read_secure_record(store))) return fail(Code::failed, "this machine is not secured");
    return undo(store);
}

Result<> resume_secure_host(const storage::Store& store) {
    auto record = TRY(close_again(store));
    if (!record || record->layout == Layout::behind_rules) return {};
    auto name = TRY(server::load_server(store, record->server)).name;
    if (!TRY(runs(store, name))) TRY(wait_for_devices(*record));
    auto turn = TRY(take_turn(store));
    if (!TRY(read_secure_record(store)) || TRY(runs(store, name))) return {};
    TRY(server::start_server(store, name));
    return {};
}

Result<std::vector<std::string>> catch_devices(const storage::Store& store) {
    std::vector<std::string> caught;
    auto turn = TRY(take_turn(store));
    auto record = TRY(read_secure_record(store));
    if (!record || record->layout == Layout::behind_rules) return caught;
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& link : TRY(stray_devices(socket))) {
        TRY_WITH(server::park_device(link.index), "take '{}' out of the main environment", link.name);
        caught.push_back(link.name);
    }
    return caught;
}

}  // namespace vs::guard
