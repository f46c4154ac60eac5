#include "guard/secure_host.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "guard/secure_record.hpp"
#include "guard/secure_rules.hpp"
#include "model/paths.hpp"
#include "server/devices.hpp"
#include "server/query.hpp"
#include "server/start.hpp"
#include "server/stop.hpp"
#include "sys/process.hpp"
#include "sys/route.hpp"

namespace vs::guard {

namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr const char* kUnits[] = {"vserver-secure-host.service", "vserver-secure-host-resume.service"};

/// One at a time: udev has catch_devices() called for the very device that undo gives back, and for one that a boot is about to give away.
Result<sys::Fd> take_turn(const storage::Store& store) {
    auto path = store.path() + "/guard";
    TRY(sys::make_dirs(path, 0700));
    return sys::lock_file(TRY(sys::open_dir(sys::kHere, path)), "secure-host.lock", sys::LockWait::wait);
}

Result<> run_nft(std::string input) {
    TRY(sys::run_checked({"nft", "-f", "-"}, {.input = std::move(input), .environment = {}, .limit = kPatience}));
    return {};
}

/// With which the operator still gets in when the network is gone: a terminal of this machine itself.
bool is_console(std::string_view terminal) {
    if (terminal.starts_with("/dev/tty") && terminal.size() > 8 && terminal[8] >= '1' && terminal[8] <= '9') return true;
    return terminal == "/dev/console" || terminal.starts_with("/dev/ttyS") || terminal.starts_with("/dev/ttyAMA") || terminal.starts_with("/dev/hvc");
}

void judge_way_in(SecurePlan& plan) {
    auto terminal = sys::read_link(sys::kHere, "/proc/self/fd/0").value_or("");
    if (is_console(terminal)) return;
    auto from = sys::environment_variable("SSH_CONNECTION");
    auto where = from.empty() ? fmt::format("'{}' is no console of this machine", terminal) : fmt::format("you are here by ssh from {}", from.substr(0, from.find(' ')));
    plan.refusals.push_back(where + ": with the network your way in would go; if you have a console, say --console");
}

/// What the kernel cannot give to a server, or not alone.
void judge_device(const sys::Link& link, SecurePlan& plan) {
    bool whole = link.kind.empty() || link.kind == "veth";
    if (!whole) plan.refusals.push_back(fmt::format("'{}' is a {} of the main environment: take it apart first ('ip link delete {}')", link.name, link.kind, link.name));
    if (link.master != 0) plan.refusals.push_back(fmt::format("'{}' is part of another device: take it out first ('ip link set {} nomaster')", link.name, link.name));
}

Result<model::OwnDevice> describe(sys::NetlinkSocket& socket, const sys::Link& link) {
    model::OwnDevice device{link.name, {}, {}};
    for (const auto& own : TRY(sys::own_addresses(socket))) {
        auto address = model::IpAddress::parse(own.address);
        if (own.index == link.index && address && !address->is_special()) device.addresses.push_back({*address, own.prefix});
    }
    for (const auto& route : TRY(sys::default_routes(socket))) {
        auto gateway = model::IpAddress::parse(route.gateway);
        auto same = [&](const auto& other) { return gateway && other.family() == gateway->family(); };
        bool has_address = std::ranges::any_of(device.addresses, [&](const auto& own) { return same(own.address); });
        if (route.index == link.index && has_address && std::ranges::none_of(device.gateways, same)) device.gateways.push_back(*gateway);
    }
    return device;
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

Result<bool> has_systemd() { return sys::exists(sys::kHere, "/run/systemd/system"); }

/// Switches on or off what does at each boot what apply did.
Result<> set_units(const char* verb) {
    if (!TRY(has_systemd())) return {};
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

Result<> secure(const storage::Store& store, const SecureRecord& record) {
    auto dir = TRY(sys::open_dir(sys::kHere, store.path() + "/guard"));
    TRY(sys::replace_file(dir, "secure-host.nft", secure_rules(), 0600, sys::Durability::synced));
    TRY_WITH(run_nft(secure_rules()), "load the rules");
    TRY_WITH(set_units("enable"), "have the rules loaded at each boot");
    TRY_WITH(write_settings(record.server, record.settings_after), "write the settings of '{}'", record.server);
    return restart(store, record.server);
}

/// What is there already is no error.
Result<> set_up(sys::NetlinkSocket& socket, const model::OwnDevice& device) {
    auto found = TRY(sys::device_by_name(socket, device.name));
    if (!found) return fail(Code::failed, "'{}' is not there", device.name);
    sys::MessageRow row;
    server::set_up_device(row, device, found->index);
    if (row.count() == 0) return {};
    for (auto& refusal : TRY(socket.send(row)))
        if (refusal.error.errno_value != EEXIST) return std::unexpected<Error>(std::move(refusal.error));
    return {};
}

Result<> give_back(const SecureRecord& record) {
    for (const auto& device : record.devices) {
        TRY_WITH(server::unpark_device(device.name), "give '{}' back", device.name);
        auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
        TRY_WITH(set_up(socket, device), "set up '{}' as it was", device.name);
    }
    return {};
}

Result<> undo(const storage::Store& store) {
    auto record = TRY(read_secure_record(store));
    if (!record) return fail(Code::failed, "this machine is not secured");
    auto server = TRY(server::load_server(store, record->server));
    bool ran = TRY(stop_if_it_runs(store, server.name));
    TRY(write_settings(record->server, TRY(settings_without_devices(*record, server))));
    TRY(give_back(*record));
    TRY_WITH(set_units("disable"), "let the rules not be loaded at the next boot");
    TRY_WITH(run_nft(std::string(kNoSecureRules)), "remove the rules");
    auto removed = sys::remove_file(sys::kHere, secure_rules_path(store));
    if (!removed && removed.error().errno_value != ENOENT) return removed;
    TRY(remove_secure_record(store));
    if (ran) TRY_WITH(server::start_server(store, TRY(server::load_server(store, record->server)).name), "start '{}' again", record->server);
    return {};
}

}  // namespace

Result<std::vector<sys::Link>> stray_devices(sys::NetlinkSocket& socket) {
    std::set<std::string> cables;
    for (const auto& network : TRY(server::running_networks()))
        if (network.has_cable()) cables.insert(network.host_device());
    auto links = TRY(sys::links(socket));
    std::erase_if(links, [&](const auto& link) { return link.name == "lo" || (link.kind == "veth" && cables.contains(link.name)); });
    return links;
}

std::string secure_rules_path(const storage::Store& store) { return store.path() + "/guard/secure-host.nft"; }

Result<SecurePlan> plan_secure_host(const server::Server& server, Console console) {
    SecurePlan plan{server.name, {}, {}, {}};
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& link : TRY(stray_devices(socket))) {
        judge_device(link, plan);
        plan.devices.push_back(TRY(describe(socket, link)));
        if (!link.up) plan.notes.push_back(fmt::format("'{}' is down and goes along", link.name));
    }
    if (plan.devices.empty()) plan.refusals.emplace_back("the main environment has no network device that a server could have");
    for (const auto& network : TRY(server::running_networks()))
        if (network.has_cable()) plan.notes.push_back(fmt::format("{} loses its way to the wire: its packets go through the main environment", network.host_device()));
    if (console == Console::unknown) judge_way_in(plan);
    return plan;
}

Result<> apply_secure_host(const storage::Store& store, const SecurePlan& plan) {
    if (!plan.refusals.empty()) return fail(Code::denied, "{}", plan.refusals.front());
    auto turn = TRY(take_turn(store));
    if (TRY(read_secure_record(store))) return fail(Code::busy, "this machine is secured already: 'vserver secure-host undo' first");
    auto server = TRY(server::load_server(store, plan.server.text()));
    SecureRecord record{plan.server.text(), plan.devices, TRY(sys::read_file(TRY(settings_dir()), settings_file(plan.server.text()))),
                        model::print_settings(with_devices(server.settings, plan.devices), plan.server)};
    TRY(model::parse_settings(record.settings_after, "its settings with the devices"));
    TRY(write_secure_record(store, record));
    auto done = secure(store, record);
    if (done) return done;
    auto undone = undo(store);
    auto error = done.error();
    if (!undone) error.cause += fmt::format(" (and undoing it failed: {})", undone.error().message());
    return std::unexpected<Error>(std::move(error));
}

Result<> undo_secure_host(const storage::Store& store) {
    auto turn = TRY(take_turn(store));
    return undo(store);
}

Result<> resume_secure_host(const storage::Store& store) {
    auto turn = TRY(take_turn(store));
    auto record = TRY(read_secure_record(store));
    if (!record) return {};
    TRY_WITH(run_nft(secure_rules()), "load the rules");
    auto started = server::start_server(store, TRY(server::load_server(store, record->server)).name);
    if (!started && started.error().code != Code::busy) return std::unexpected<Error>(started.error());
    return {};
}

Result<std::vector<std::string>> catch_devices(const storage::Store& store) {
    std::vector<std::string> caught;
    auto turn = TRY(take_turn(store));
    if (!TRY(read_secure_record(store))) return caught;
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& link : TRY(stray_devices(socket))) {
        TRY_WITH(server::park_device(link.index), "take '{}' out of the main environment", link.name);
        caught.push_back(link.name);
    }
    return caught;
}

}  // namespace vs::guard
