#include "server/network.hpp"

#include <linux/if.h>
#include <linux/ip.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "context/context_groups.hpp"
#include "server/network_facts.hpp"
#include "server/network_rules.hpp"
#include "sys/nft.hpp"
#include "sys/process.hpp"

namespace vs::server {

using model::Family;
using model::IpAddress;

namespace {

constexpr std::string_view kHostLink6{"\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16};

sys::Route host_route(const NetworkPlan& plan, const IpAddress& address) {
    sys::Route route;
    route.destination = address.bytes();
    route.prefix = static_cast<std::uint8_t>(address.bytes().size() * 8);
    route.index = plan.host_index();
    return route;
}

/// Everything about the cable, the host's end of it, and the way to the server.
sys::MessageRow cable_row(const NetworkPlan& plan, sys::FdRef guest_network) {
    sys::MessageRow row;
    auto index = plan.host_index();
    sys::add_cable(row, {.near = {plan.host_device(), index, plan.host_mac()},
                         .far = {std::string(kGuestDevice), kGuestIndex, plan.guest_mac()},
                         .mtu = kCableMtu,
                         .far_namespace = guest_network.get()});
    // The filter on sources is a second wall for IPv4, for when somebody flushes the first.
    sys::configure_ipv4(row, index, {{IPV4_DEVCONF_FORWARDING, 1}, {IPV4_DEVCONF_RP_FILTER, 1},
                                     {IPV4_DEVCONF_SEND_REDIRECTS, 0}, {IPV4_DEVCONF_ACCEPT_REDIRECTS, 0}});
    if (plan.ipv6) sys::forbid_automatic_addresses(row, index);
    if (plan.first(Family::ipv6) != nullptr) sys::add_address(row, {kHostLink6, 64, index});
    // Without ARP a server can neither claim an address nor fill the neighbour table that all share.
    sys::set_up(row, index, sys::Arp::off);
    for (const auto& address : plan.addresses) {
        sys::add_permanent_neighbour(row, {address.bytes(), index, plan.guest_mac()});
        sys::add_route(row, host_route(plan, address));
    }
    return row;
}

/// As a host address, so that it brings no route to a network with it.
sys::InterfaceAddress alias(const NetworkPlan& plan, const IpAddress& address) {
    return {.address = address.bytes(), .prefix = static_cast<std::uint8_t>(address.bytes().size() * 8),
            .index = plan.uplink(address.family())->index, .origin = sys::kRouteProtocol};
}

std::string_view port_bytes(const std::array<char, 2>& port) { return {port.data(), port.size()}; }
std::array<char, 2> network_order(std::uint16_t port) { return {static_cast<char>(port >> 8), static_cast<char>(port & 0xff)}; }

sys::nft::Element port_element(const model::PortRedirect& port, const IpAddress& server) {
    bool ipv4 = server.family() == Family::ipv4;
    char protocol = port.protocol == model::Protocol::tcp ? IPPROTO_TCP : IPPROTO_UDP;
    auto host_port = network_order(port.host_port), server_port = network_order(port.server_port);
    std::vector<std::string_view> key = {{&protocol, 1}, port_bytes(host_port)};
    if (!port.any_host_address) key.insert(key.begin(), port.host_address.bytes());
    auto any = ipv4 ? kPorts4 : kPorts6, at = ipv4 ? kPortsAt4 : kPortsAt6;
    return {port.any_host_address ? any : at, sys::nft::concatenate(key),
            sys::nft::concatenate({server.bytes(), port_bytes(server_port)})};
}

std::vector<sys::nft::Element> port_elements(const NetworkPlan& plan) {
    std::vector<sys::nft::Element> elements;
    for (const auto& port : plan.ports)
        for (auto family : {Family::ipv4, Family::ipv6}) {
            const auto* server = plan.first(family);
            bool meant = port.any_host_address || port.host_address.family() == family;
            if (server != nullptr && meant) elements.push_back(port_element(port, *server));
        }
    return elements;
}

constexpr std::pair<Family, sys::nft::Table> kSilentTables[] = {{Family::ipv4, kSilentArp}, {Family::ipv6, kSilentInet}};
sys::nft::Element answered_element(const IpAddress& address) { return {kAnswered, std::string(address.bytes()), ""}; }

/// EEXIST on the way up is somebody else's address or port.
Result<> or_busy(Result<> result) {
    if (!result && result.error().errno_value == EEXIST) result.error().code = Code::busy;
    return result;
}

/// Values below /proc/sys/net, for the network namespace we are in.
class Sysctls {
  public:
    explicit Sysctls(sys::FdRef directory) : directory_(directory) {}

    Result<bool> has(const std::string& name) const { return sys::exists(directory_, name); }
    Result<std::string> get(const std::string& name) const {
        return sys::read_kernel_file(directory_, name);
    }
    /// Writes only what differs.
    Result<> set(const std::string& name, std::string_view value) const {
        if (TRY(get(name)) == value) return {};
        return sys::write_kernel_file(directory_, name, value);
    }
    Result<> set_if_present(const std::string& name, std::string_view value) const {
        if (!TRY(has(name))) return {};
        return set(name, value);
    }
    /// A device that forwards stops taking router advertisements, and with them the host's own default route, unless it is
    /// told otherwise (Documentation/networking/ip-sysctl, accept_ra). Must come before forwarding is switched on.
    Result<> keep_router_advertisements(const std::string& device) const {
        auto base = fmt::format("ipv6/conf/{}/", device);
        if (TRY(get(base + "forwarding")) != "0" || TRY(get(base + "accept_ra")) != "1") return {};
        return set(base + "accept_ra", "2");
    }
    /// What comes by this device is forwarded by now.
    Result<bool> forwards(Family family, const std::string& device) const;
    Result<> forward_ipv4(const std::string& device) const;
    Result<> forward_ipv6(const std::string& device) const;

  private:
    sys::FdRef directory_;
};

/// The kernel waits up to 0.8 s before it answers for others, lest it is faster than the owner: there is no other owner.
Result<> answer_at_once(const Sysctls& sysctls, std::string_view family, const std::string& device) {
    return sysctls.set(fmt::format("{}/neigh/{}/proxy_delay", family, device), "0");
}

Result<bool> Sysctls::forwards(Family family, const std::string& device) const {
    std::vector<std::string> switches = {fmt::format("ipv4/conf/{}/forwarding", device)};
    if (family == Family::ipv6) switches = {"ipv6/conf/all/forwarding", fmt::format("ipv6/conf/{}/force_forwarding", device)};
    for (const auto& name : switches) {
        auto value = get(name);
        if (!value && value.error().errno_value == ENOENT) continue;  // a kernel without IPv6, or before 6.17
        if (!value) return std::unexpected<Error>(value.error());
        if (*value != "0") return true;
    }
    return false;
}

Result<> Sysctls::forward_ipv4(const std::string& device) const {
    TRY(answer_at_once(*this, "ipv4", device));
    return set(fmt::format("ipv4/conf/{}/forwarding", device), "1");
}

Result<> Sysctls::forward_ipv6(const std::string& device) const {
    auto base = fmt::format("ipv6/conf/{}/", device);
    TRY(keep_router_advertisements(device));
    TRY(set(base + "forwarding", "1"));  // the device answers for others only as a router
    TRY(set(base + "proxy_ndp", "1"));
    TRY(answer_at_once(*this, "ipv6", device));
    if (TRY(has(base + "force_forwarding"))) return set(base + "force_forwarding", "1");
    // Before 6.17 a kernel forwards IPv6 between all devices or none.
    auto everywhere = TRY(get("ipv6/conf/all/forwarding"));
    if (everywhere == "1") return {};
    auto devices = TRY(sys::open_dir(directory_, "ipv6/conf"));
    for (const auto& other : TRY(sys::list_dir(devices)))  // and "default": those that are plugged in later
        if (other != "all" && other != "lo") TRY(keep_router_advertisements(other));
    return set("ipv6/conf/all/forwarding", "1");
}

bool is_gone(const Error& error) {
    auto gone = {ESRCH, ENOENT, ENODEV, EADDRNOTAVAIL, ENETUNREACH};
    return std::find(gone.begin(), gone.end(), error.errno_value) != gone.end();
}

/// Sends a row that removes things; what is gone already is no error.
Result<> remove(sys::NetlinkSocket& socket, sys::MessageRow& row) {
    for (auto& refusal : TRY(socket.send(row)))
        if (!is_gone(refusal.error)) return std::unexpected<Error>(std::move(refusal.error));
    return {};
}

/// A device's name as it is in sets.
std::string name_key(const std::string& device) {
    std::string key = device;
    key.resize(IFNAMSIZ);
    return key;
}
sys::nft::Element uplink_element(const std::string& device) { return {kUplinks, name_key(device), ""}; }
sys::nft::Element opened_element(Family family, const std::string& device) {
    const char protocol = family == Family::ipv4 ? AF_INET : AF_INET6;  // which nf_tables has the same numbers for
    return {kOpened, sys::nft::concatenate({{&protocol, 1}, name_key(device)}), ""};
}

}  // namespace

Result<HostNetwork> HostNetwork::open() {
    auto route = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    auto filter = TRY(sys::NetlinkSocket::open(NETLINK_NETFILTER));
    return HostNetwork(std::move(route), std::move(filter), TRY(sys::open_dir(sys::kHere, "/proc/sys/net")));
}

/// A main environment that is silent still says on the wire where its servers are. Where it is not, there is no such set.
Result<> HostNetwork::open_to_neighbours(const NetworkPlan& plan) {
    for (const auto& [family, table] : kSilentTables) {
        if (!TRY(sys::nft::has_set(filter_, table, kAnswered))) continue;
        std::vector<sys::nft::Element> elements;
        for (const auto& address : plan.addresses)
            if (address.family() == family && plan.uplink(family)) elements.push_back(answered_element(address));
        auto added = sys::nft::add_elements(filter_, table, elements, sys::nft::IfPresent::keep);
        if (!added && added.error().errno_value != ENOENT) return added;
    }
    return {};
}

Result<> HostNetwork::close_to_neighbours(const IpAddress& address) {
    for (const auto& [family, table] : kSilentTables) {
        if (address.family() != family || !TRY(sys::nft::has_set(filter_, table, kAnswered))) continue;
        auto removed = sys::nft::remove_elements(filter_, table, {answered_element(address)});
        if (!removed && !is_gone(removed.error())) return removed;
    }
    return {};
}

Result<> HostNetwork::prepare(const NetworkPlan& plan) {
    if (!plan.has_cable()) return {};
    TRY_WITH(load_rules(), "load the packet filter's rules");
    TRY_WITH(open_uplinks(plan.uplinks), "let servers use the uplinks");
    Sysctls sysctls(sysctls_);
    if (plan.uplink4) TRY(keep_closed_to_wire(Family::ipv4, plan.uplink4->device));
    if (plan.uplink4) TRY(sysctls.forward_ipv4(plan.uplink4->device));
    if (plan.uplink6) TRY(keep_closed_to_wire(Family::ipv6, plan.uplink6->device));
    if (plan.uplink6) TRY(sysctls.forward_ipv6(plan.uplink6->device));
    return {};
}

Result<bool> HostNetwork::has_rules() {
    sys::nft::Element version{kVersionSet, std::string(sys::bytes_of(kRulesVersion)), ""};
    return TRY(sys::nft::find_element(filter_, kRulesTable, version)).has_value();
}

Result<> HostNetwork::load_rules() {
    if (TRY(has_rules())) return {};
    auto text = std::string(kRules) + fmt::format("add element inet vserver version {{ {} }}\n", kRulesVersion);
    TRY(sys::run_checked({"nft", "-f", "-"}, {.input = text, .environment = {}, .limit = std::chrono::seconds(30)}));
    return {};
}

Result<std::vector<std::string>> HostNetwork::closed_uplinks(const std::vector<std::string>& devices) {
    std::vector<std::string> closed;
    for (const auto& device : devices)
        if (!TRY(sys::nft::find_element(filter_, kRulesTable, uplink_element(device)))) closed.push_back(device);
    return closed;
}

/// Before it is made to forward: afterwards nobody knows that it did not. A host that forwarded already goes on as it did.
Result<> HostNetwork::keep_closed_to_wire(Family family, const std::string& device) {
    if (TRY(Sysctls(sysctls_).forwards(family, device))) return {};
    return sys::nft::add_elements(filter_, kRulesTable, {opened_element(family, device)}, sys::nft::IfPresent::keep);
}

Result<> HostNetwork::open_uplinks(const std::vector<std::string>& devices) {
    std::vector<sys::nft::Element> missing;
    for (const auto& device : TRY(closed_uplinks(devices))) missing.push_back(uplink_element(device));
    return sys::nft::add_elements(filter_, kRulesTable, missing, sys::nft::IfPresent::keep);
}

Result<> HostNetwork::bring_up(const NetworkPlan& plan, sys::FdRef guest_network) {
    if (!plan.has_cable()) return {};
    auto row = cable_row(plan, guest_network);
    TRY_WITH(or_busy(route_.run(row)), "connect {}", plan.host_device());
    Sysctls sysctls(sysctls_);
    if (plan.ipv6) TRY(sys::write_kernel_file(sysctls_, fmt::format("ipv6/conf/{}/accept_ra", plan.host_device()), "0"));
    if (plan.first(Family::ipv6) != nullptr)
        TRY(sysctls.set_if_present(fmt::format("ipv6/conf/{}/force_forwarding", plan.host_device()), "1"));
    sys::MessageRow proxies;  // only now: the routes have shown that the addresses are ours
    for (const auto& address : plan.addresses)
        if (const auto& uplink = plan.uplink(address.family())) sys::add_proxy(proxies, address.bytes(), uplink->index);
    TRY_WITH(route_.run(proxies), "answer for the addresses on the wire");
    TRY_WITH(open_to_neighbours(plan), "let neighbours ask for the addresses");
    TRY_WITH(or_busy(sys::nft::add_elements(filter_, kRulesTable, port_elements(plan), sys::nft::IfPresent::fail)),
             "redirect ports");
    return {};
}

Result<> HostNetwork::add_aliases(const NetworkPlan& plan) {
    if (plan.kind != model::NetworkKind::bind) return {};
    sys::MessageRow row;
    for (const auto& address : plan.aliases) sys::add_address(row, alias(plan, address));
    if (row.count() > 0) TRY_WITH(or_busy(route_.run(row)), "give the host the server's addresses");
    return context::add_loopback_address(plan.loopback());
}

/// Only those that carry our mark: somebody else may have the address by now.
Result<> HostNetwork::remove_aliases(const NetworkPlan& plan) {
    sys::MessageRow row;
    for (const auto& own : TRY(sys::own_addresses(route_))) {
        auto address = std::ranges::find(plan.aliases, own.address, &IpAddress::text);
        if (own.origin == sys::kRouteProtocol && address != plan.aliases.end()) sys::remove_address(row, alias(plan, *address));
    }
    if (row.count() > 0) TRY(remove(route_, row));
    return context::remove_loopback_address(plan.loopback());
}

Result<> HostNetwork::take_down(const NetworkPlan& plan) {
    if (plan.kind == model::NetworkKind::bind) return remove_aliases(plan);
    if (!plan.has_cable()) return {};
    sys::MessageRow routes;
    for (const auto& address : plan.addresses) sys::remove_route(routes, host_route(plan, address));
    TRY(remove(route_, routes));
    sys::MessageRow proxies;
    for (const auto& address : plan.addresses) {
        const auto& uplink = plan.uplink(address.family());
        // The address may have another server by now: this may be called again, late, by a repair.
        if (!uplink || TRY(leads_to_server(route_, address))) continue;
        sys::remove_proxy(proxies, address.bytes(), uplink->index);
        TRY(close_to_neighbours(address));
    }
    TRY(remove(route_, proxies));
    std::vector<sys::nft::Element> ours;
    for (const auto& element : port_elements(plan))
        if (TRY(sys::nft::find_element(filter_, kRulesTable, element)) == element.data) ours.push_back(element);
    auto removed = sys::nft::remove_elements(filter_, kRulesTable, ours);
    return !removed && is_gone(removed.error()) ? Result<>() : removed;
}

Result<> HostNetwork::restore_rules(const std::vector<NetworkPlan>& running) {
    for (const auto& plan : running) {
        TRY(prepare(plan));
        TRY(open_to_neighbours(plan));
        TRY(sys::nft::add_elements(filter_, kRulesTable, port_elements(plan), sys::nft::IfPresent::keep));
    }
    return {};
}

}  // namespace vs::server
