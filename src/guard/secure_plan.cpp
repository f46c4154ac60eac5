#include <linux/netlink.h>

#include <algorithm>
#include <set>

#include "guard/secure_host.hpp"
#include "server/query.hpp"
#include "sys/process.hpp"
#include "sys/route.hpp"

namespace vs::guard {

namespace {

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

/// What the kernel cannot give to a server, or not alone; and what speaks on the wire by itself, which no rule stops.
void judge_device(const sys::Link& link, SecurePlan& plan) {
    if (!is_whole(link)) plan.refusals.push_back(fmt::format("'{}' is a {} of the main environment: take it apart first ('ip link delete {}')", link.name, link.kind, link.name));
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

Result<> judge_devices(SecurePlan& plan) {
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& link : TRY(stray_devices(socket))) {
        judge_device(link, plan);
        plan.devices.push_back(TRY(describe(socket, link)));
        if (!link.up && plan.server) plan.notes.push_back(fmt::format("'{}' is down and goes along", link.name));
    }
    return {};
}

/// What DHCP and routers have lent the machine is not renewed behind the rules.
Result<> judge_loans(SecurePlan& plan) {
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& own : TRY(sys::own_addresses(socket)))
        if (!own.is_permanent)
            plan.notes.push_back(fmt::format("{} is lent for a time (by DHCP or a router) and nothing will renew it: set it up as a fixed one, with its gateway, or servers lose their way", own.address));
    return {};
}

/// Whoever is in the main environment's network has none either.
void judge_server(const server::ServerStatus& status, SecurePlan& plan) {
    if (!status.run) return;
    const auto& network = status.run->network;
    if (model::uses_host_network(network.kind))
        plan.refusals.push_back(fmt::format("'{}' runs in the main environment's own network and would be cut off: stop it, or give it one of its own (kind \"private\")", status.name.text()));
    for (const auto& port : network.ports) plan.notes.push_back(fmt::format("port {} of this machine does not lead to '{}' any more: its addresses do not answer", port.host_port, status.name.text()));
}

}  // namespace

bool is_whole(const sys::Link& link) { return link.kind.empty() || link.kind == "veth"; }

Result<std::vector<sys::Link>> stray_devices(sys::NetlinkSocket& socket) {
    constexpr std::uint32_t kLoopback = 1;  // in every network, whatever it is called
    std::set<std::string> cables;
    for (const auto& network : TRY(server::networks_in_phases({server::Phase::starting, server::Phase::running})))
        if (network.has_cable()) cables.insert(network.host_device());
    auto links = TRY(sys::links(socket));
    std::erase_if(links, [&](const auto& link) { return link.index == kLoopback || (link.kind == "veth" && cables.contains(link.name)); });
    return links;
}

Result<SecurePlan> plan_giving_away(const server::Server& server, Console console) {
    SecurePlan plan{server.name, {}, {}, {}};
    TRY(judge_devices(plan));
    if (plan.devices.empty()) plan.refusals.emplace_back("the main environment has no network device that a server could have");
    for (const auto& network : TRY(server::running_networks()))
        if (network.has_cable()) plan.notes.push_back(fmt::format("{} loses its way to the wire: its packets go through the main environment", network.host_device()));
    if (console == Console::unknown) judge_way_in(plan);
    return plan;
}

Result<SecurePlan> plan_behind_rules(const storage::Store& store, Console console) {
    SecurePlan plan{std::nullopt, {}, {}, {}};
    TRY(judge_devices(plan));
    TRY(judge_loans(plan));
    for (const auto& status : TRY(server::query_all(store))) judge_server(status, plan);
    if (console == Console::unknown) judge_way_in(plan);
    return plan;
}

}  // namespace vs::guard
