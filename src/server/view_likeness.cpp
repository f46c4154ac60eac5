#include "server/view_likeness.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>

#include <algorithm>
#include <set>

#include "sys/clone.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

using model::Family;
using model::IpAddress;
using model::NetworkAddress;

constexpr std::uint32_t kLoopbackIndex = 1;
constexpr std::uint32_t kFirstAwayIndex = 2;
constexpr sys::MacAddress kNoMac{}, kStandIn{0x02, 'v', 's', 0, 0, 0};  // a tunnel has none of this kind, a cable has to

std::uint8_t whole(const IpAddress& address) { return static_cast<std::uint8_t>(address.bytes().size() * 8); }

bool is_in(const IpAddress& address, const NetworkAddress& network) {
    return address.family() == network.address.family() && address.network(network.prefix) == network.address;
}

/// The networks that the host is in on this device and the server with it: the neighbours that it reaches without a gateway.
void add_links(ShownDevice& shown, const std::vector<sys::OwnAddress>& host) {
    std::set<NetworkAddress> known;  // an address with a prefix brings its network with it
    for (const auto& own : shown.addresses) known.insert({own.address.network(own.prefix), own.prefix});
    for (const auto& other : host) {
        auto address = IpAddress::parse(other.address);
        if (!address || other.index != shown.device.index || other.prefix >= whole(*address)) continue;
        const NetworkAddress network{address->network(other.prefix), other.prefix};
        for (const auto& own : shown.addresses)
            if (is_in(own.address, network) && known.insert(network).second) shown.routes.push_back({network, {}, own.address});
    }
}

/// By a gateway that IPv6 does not take for a neighbour's, if it is not told so (ip-route(8), onlink).
bool needs_link(const ShownDevice& shown, const IpAddress& gateway) {
    if (gateway.family() == Family::ipv4 || gateway.is_special()) return false;
    return std::ranges::none_of(shown.routes, [&](const auto& route) { return is_in(gateway, route.destination); });
}

void add_default(ShownDevice& shown, const IpAddress& gateway) {
    auto own = std::ranges::find(shown.addresses, gateway.family(), [](const auto& each) { return each.address.family(); });
    if (own == shown.addresses.end()) return;
    const bool known = std::ranges::any_of(shown.routes, [&](const auto& route) {
        return route.destination.prefix == 0 && route.source.family() == gateway.family();
    });
    if (known) return;
    if (needs_link(shown, gateway)) shown.routes.push_back({{gateway, whole(gateway)}, {}, own->address});
    shown.routes.push_back({{gateway.network(0), 0}, gateway, own->address});
}

ShownDevice& device_in(std::vector<ShownDevice>& all, std::uint32_t index) {
    for (auto& shown : all)
        if (shown.device.index == index) return shown;
    all.push_back({.device = {.name = {}, .index = index}, .addresses = {}, .routes = {}});
    return all.back();
}

// ------------------------------------------------------------------------------------------------- the namespaces

void add_routes(sys::MessageRow& row, const ShownDevice& shown) {
    for (const auto& route : shown.routes)
        sys::add_route(row, {.destination = route.destination.address.bytes(), .prefix = route.destination.prefix, .index = shown.device.index,
                             .gateway = route.gateway ? route.gateway->bytes() : std::string_view(), .source = route.source.bytes()});
}

/// Where the other end of a device's cable goes.
struct AwayEnd {
    sys::FdRef network;
    std::uint32_t index = 0;
    bool ipv6 = true;  ///< the kernel has IPv6
};

/// The kernel takes addresses and routes of what is up only.
void add_device(sys::MessageRow& row, const ShownDevice& shown, const AwayEnd& away) {
    const auto& [name, index, mtu, mac] = shown.device;
    if (index != kLoopbackIndex) {
        sys::add_cable(row, {.near = {name, index, mac == kNoMac ? kStandIn : mac},
                             .far = {name, away.index, {0x02, 'v', 's', 1, 0, static_cast<unsigned char>(away.index)}},
                             .mtu = mtu,
                             .far_namespace = away.network.get()});
        if (away.ipv6) sys::forbid_automatic_addresses(row, index);
        sys::set_up(row, index, sys::Arp::on);
    }
    for (const auto& own : shown.addresses) sys::add_address(row, {own.address.bytes(), own.prefix, index});
    add_routes(row, shown);
}

Result<sys::NamespaceFd> enter_new_network() {
    TRY(sys::unshare(CLONE_NEWNET));
    return sys::NamespaceFd(TRY(sys::open_at(sys::kHere, "/proc/self/ns/net", O_RDONLY)).release());
}

}  // namespace

std::vector<ShownDevice> choose_shown(const HostAddresses& host, const std::vector<IpAddress>& own) {
    std::vector<ShownDevice> all;
    for (const auto& each : host.addresses) {
        auto address = IpAddress::parse(each.address);
        if (address && std::ranges::find(own, *address) != own.end())
            device_in(all, each.index).addresses.push_back({*address, each.prefix});
    }
    for (auto& shown : all) add_links(shown, host.addresses);
    for (const auto& route : host.default_routes) {
        auto gateway = IpAddress::parse(route.gateway);
        auto through = std::ranges::find(all, route.index, [](const auto& shown) { return shown.device.index; });
        if (gateway && through != all.end()) add_default(*through, *gateway);
    }
    return all;
}

Result<std::vector<ShownDevice>> see_host(const std::vector<IpAddress>& own) {
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    auto addresses = TRY(sys::own_addresses(socket));
    auto routes = TRY(sys::default_routes(socket));
    auto all = choose_shown({std::move(addresses), std::move(routes)}, own);
    for (auto& shown : all) {
        auto device = TRY(sys::device_by_index(socket, shown.device.index));
        if (!device) return fail(Code::failed, "the device number {} of its addresses has gone", shown.device.index);
        shown.device = std::move(*device);
    }
    return all;
}

Result<Likeness> make_likeness(const std::vector<ShownDevice>& devices) {
    Likeness made;
    made.away = TRY(enter_new_network());
    auto far = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    made.shown = TRY(enter_new_network());
    auto near = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    sys::MessageRow row, other;
    sys::set_up(row, kLoopbackIndex, sys::Arp::on);
    AwayEnd away{made.away, kFirstAwayIndex, TRY(sys::exists(sys::kHere, "/proc/sys/net/ipv6"))};
    for (const auto& shown : devices) {
        add_device(row, shown, away);
        if (shown.device.index != kLoopbackIndex) sys::set_up(other, away.index++, sys::Arp::on);
    }
    TRY(near.run(row));
    if (other.count() > 0) TRY(far.run(other));
    return made;
}

}  // namespace vs::server
