#include "server/network_facts.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "server/network.hpp"

namespace vs::server {

using model::Family;
using model::IpAddress;

namespace {

// Any address of the Internet finds the default route; nothing is sent there.
constexpr std::string_view kFarAway4{"\x08\x08\x08\x08", 4};
constexpr std::string_view kFarAway6{"\x20\x01\x48\x60\x48\x60\0\0\0\0\0\0\0\0\x88\x88", 16};

/// The context number in "vs-<context>-<generation>".
std::optional<std::uint32_t> context_of(std::string_view device) {
    auto parts = base::split(device, '-');
    if (parts.size() != 3 || parts[0] != "vs") return std::nullopt;
    auto context = base::parse_number(parts[1]);
    if (!context || *context > 100 + model::ServerNumber::kMost) return std::nullopt;
    return static_cast<std::uint32_t>(*context);
}

/// The device of another server that a route leads to, or of this one's earlier start.
Result<std::optional<sys::Device>> cable_of(sys::NetlinkSocket& socket, const sys::RouteAnswer& route) {
    if (route.kind != sys::RouteAnswer::Kind::unicast) return std::optional<sys::Device>();
    auto device = TRY(sys::device_by_index(socket, route.index));
    if (!device || !context_of(device->name)) return std::optional<sys::Device>();
    return device;
}

/// What the kernel says of the host's network while a plan is made: each thing is asked once.
class Surroundings {
  public:
    explicit Surroundings(sys::NetlinkSocket& socket) : socket_(socket) {}

    /// The device by which packets leave the host on their way to `destination`.
    Result<std::optional<sys::Device>> device_towards(std::string_view destination);
    /// What the host has, on whichever device.
    Result<const std::vector<sys::OwnAddress>*> own_addresses() {
        if (!own_) own_ = TRY(sys::own_addresses(socket_));
        return &*own_;
    }
    [[nodiscard]] sys::NetlinkSocket& socket() const { return socket_; }

  private:
    sys::NetlinkSocket& socket_;
    std::map<std::string, std::optional<sys::Device>, std::less<>> towards_;
    std::map<std::uint32_t, std::optional<sys::Device>> devices_;
    std::optional<std::vector<sys::OwnAddress>> own_;
};

Result<std::optional<sys::Device>> Surroundings::device_towards(std::string_view destination) {
    if (auto known = towards_.find(destination); known != towards_.end()) return known->second;
    std::optional<sys::Device> device;
    auto route = TRY(sys::route_to(socket_, destination));
    if (route && route->kind == sys::RouteAnswer::Kind::unicast) {
        auto known = devices_.find(route->index);
        if (known == devices_.end()) known = devices_.emplace(route->index, TRY(sys::device_by_index(socket_, route->index))).first;
        device = known->second;
    }
    towards_.emplace(destination, device);
    return device;
}

/// What the host has but for our servers.
Result<std::vector<IpAddress>> foreign_addresses(Surroundings& host) {
    std::vector<IpAddress> found;
    for (const auto& own : *TRY(host.own_addresses()))
        if (auto address = IpAddress::parse(own.address); address && own.origin != sys::kRouteProtocol) found.push_back(*address);
    return found;
}

/// The device that the settings name, or the one on the way to `far_away`.
Result<std::optional<sys::Device>> find_uplink(Surroundings& host, const std::string& name, std::string_view far_away) {
    if (name.empty()) return host.device_towards(far_away);
    auto device = TRY(sys::device_by_name(host.socket(), name));
    if (!device) return fail(Code::usage, "uplink: this host has no network device '{}'", name);
    return device;
}

/// By which devices a server may leave the host: those of its default routes, the one that the settings name, and those in
/// whose networks the server's addresses are.
Result<std::vector<std::string>> find_uplinks(Surroundings& host, const model::NetworkSettings& settings, bool ipv6) {
    std::vector<std::string_view> destinations = {kFarAway4};
    if (ipv6) destinations.push_back(kFarAway6);
    for (const auto& address : settings.addresses) destinations.push_back(address.bytes());
    std::set<std::string> found;
    if (!settings.uplink.empty()) found.insert(settings.uplink);
    for (auto destination : destinations) {
        auto device = TRY(host.device_towards(destination));
        if (device && !context_of(device->name)) found.insert(device->name);
    }
    return std::vector(found.begin(), found.end());
}

Result<Uplink> describe_uplink(Surroundings& host, const sys::Device& device, Family family) {
    Uplink uplink{device.name, device.index, device.mtu, {}};
    for (const auto& own : *TRY(host.own_addresses())) {
        if (own.index != device.index) continue;
        auto address = TRY(IpAddress::parse(own.address));
        if (address.family() == family && !address.is_special()) uplink.addresses.push_back(address);
    }
    return uplink;
}

}  // namespace

Result<bool> leads_to_server(sys::NetlinkSocket& socket, const IpAddress& address) {
    auto route = TRY(sys::route_to(socket, address.bytes()));
    return route && TRY(cable_of(socket, *route)).has_value();
}

Result<HostNetworkFacts> HostNetwork::facts(const model::NetworkSettings& settings) {
    HostNetworkFacts facts;
    if (settings.kind != model::NetworkKind::private_ && settings.kind != model::NetworkKind::bind) return facts;
    facts.ipv6 = TRY(sys::exists(sysctls_, "ipv6/conf/all/forwarding"));
    Surroundings host(route_);
    auto device4 = TRY(find_uplink(host, settings.uplink, kFarAway4));
    auto device6 = facts.ipv6 ? TRY(find_uplink(host, settings.uplink, kFarAway6)) : std::nullopt;
    // A family without a default route shares the other's wire: its neighbours there still want an answer.
    if (auto device = device4 ? device4 : device6) facts.uplink4 = TRY(describe_uplink(host, *device, Family::ipv4));
    if (auto device = device6 ? device6 : device4; device && facts.ipv6)
        facts.uplink6 = TRY(describe_uplink(host, *device, Family::ipv6));
    facts.uplinks = TRY(find_uplinks(host, settings, facts.ipv6));
    if (settings.kind == model::NetworkKind::bind) facts.own = TRY(foreign_addresses(host));
    return facts;
}

Result<std::vector<AddressConflict>> HostNetwork::addresses_in_use(const NetworkPlan& plan) {
    std::vector<AddressConflict> conflicts;
    for (const auto& address : plan.addresses) {
        auto route = TRY(sys::route_to(route_, address.bytes()));
        if (!route) continue;
        if (route->kind == sys::RouteAnswer::Kind::local && plan.kind != model::NetworkKind::bind)
            conflicts.push_back({address, "", std::nullopt});
        const auto& uplink = plan.uplink(address.family());
        if (uplink && route->index == uplink->index) continue;
        auto cable = TRY(cable_of(route_, *route));
        if (!cable || context_of(cable->name) == plan.number.context()) continue;
        conflicts.push_back({address, cable->name, context_of(cable->name)});
    }
    if (plan.kind == model::NetworkKind::bind) TRY(find_bound(plan, conflicts));
    return conflicts;
}

/// Addresses that another server of kind bind has on the host.
Result<> HostNetwork::find_bound(const NetworkPlan& plan, std::vector<AddressConflict>& conflicts) {
    for (const auto& own : TRY(sys::own_addresses(route_))) {
        auto address = std::ranges::find(plan.addresses, own.address, &IpAddress::text);
        if (own.origin != sys::kRouteProtocol || address == plan.addresses.end()) continue;
        auto device = TRY(sys::device_by_index(route_, own.index));
        conflicts.push_back({*address, device ? device->name : "", std::nullopt});
    }
    return {};
}

}  // namespace vs::server
