#pragma once
// The network of a server: a routed virtual cable into its own network namespace (docs/decisions/network.md). The server's
// addresses are host routes to that cable; the host answers for them on the wire; no bridge, no masquerading.
//
// The plan is values and is made before anything is touched. What is done with it goes through HostNetwork, which holds the
// descriptors that it needs, so that it works after its process has left the host's mount namespace.
//
// Who does what in a start:
//     HostNetwork::open, facts, plan_network, addresses_in_use, prepare    the command, in the host's namespaces
//     add_aliases                                                          the command, for kind bind, which needs no more
//     unshare(CLONE_NEWNET), then wait                                     the child
//     bring_up                                                             the command or the builder
//     raw::send_route_row(guest_row(plan))                                 the child
// and take_down(plan) undoes prepare and bring_up, whole or in part, as often as one likes.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/address.hpp"
#include "model/name.hpp"
#include "model/settings.hpp"
#include "sys/file.hpp"
#include "sys/route.hpp"

namespace vs::server {

/// A device of the host whose wire reaches the server.
struct Uplink {
    std::string device;
    std::uint32_t index = 0;
    std::uint32_t mtu = 1500;
    std::vector<model::IpAddress> addresses;  ///< the host's own on it, of one family
    friend auto operator<=>(const Uplink&, const Uplink&) = default;
};

/// What a plan needs to know of the host.
struct HostNetworkFacts {
    std::optional<Uplink> uplink4;  ///< nullopt: only the host reaches the server's IPv4 addresses
    std::optional<Uplink> uplink6;
    bool ipv6 = true;  ///< the kernel has IPv6
    std::vector<std::string> uplinks;  ///< names of all devices by which the server may leave the host
    std::vector<model::IpAddress> own{};  ///< what the host has itself, for kind bind
};

struct NetworkPlan {
    model::NetworkKind kind = model::NetworkKind::none;
    model::ServerNumber number{};
    std::uint32_t generation = 0;  ///< counts the starts: a fresh device name each time, so that nothing waits for the old
    std::vector<model::IpAddress> addresses{};
    std::vector<model::PortRedirect> ports{};
    std::optional<Uplink> uplink4{}, uplink6{};  ///< only those that one of `addresses` needs
    bool ipv6 = true;                            ///< the kernel has IPv6
    std::vector<std::string> uplinks{};          ///< by which devices it may leave the host
    std::vector<model::OwnDevice> devices{};     ///< of the host, that are the server's while it runs (devices.hpp)
    std::vector<model::IpAddress> aliases{};     ///< kind bind: those of `addresses` that the host has only for this server
    model::NetworkView view = model::NetworkView::host;  ///< kind bind; what runs since before there was a choice sees the host's

    /// A process shows it its own addresses (network_view.hpp).
    [[nodiscard]] bool has_own_view() const { return kind == model::NetworkKind::bind && view == model::NetworkView::own; }
    /// A cable is made: kind private with at least one address.
    [[nodiscard]] bool has_cable() const;
    /// The number of the loopback of its own, kind bind (context/address_lock.hpp).
    [[nodiscard]] std::uint16_t loopback() const { return static_cast<std::uint16_t>(number.value); }
    /// The first address of a family: the source of the server's connections, the target of ports; nullptr: none.
    [[nodiscard]] const model::IpAddress* first(model::Family family) const;
    [[nodiscard]] const std::optional<Uplink>& uplink(model::Family family) const;
    /// "vs-<context>-<generation>", at most 15 characters.
    [[nodiscard]] std::string host_device() const;
    /// Numbers high above the kernel's own, so that they are known before the device is made.
    [[nodiscard]] std::uint32_t host_index() const;
    [[nodiscard]] sys::MacAddress host_mac() const;
    [[nodiscard]] sys::MacAddress guest_mac() const;
    friend auto operator<=>(const NetworkPlan&, const NetworkPlan&) = default;
};

inline constexpr std::string_view kGuestDevice = "eth0";
inline constexpr std::uint32_t kGuestIndex = 2;
/// The number that the n-th device of its own has in the server.
constexpr std::uint32_t device_index(std::size_t n) { return 100 + static_cast<std::uint32_t>(n); }
inline constexpr std::uint32_t kCableMtu = 65535;

/// Pure. Code::usage for a port that no address of its family can serve, Code::unsupported for IPv6 where there is none.
Result<NetworkPlan> plan_network(const model::NetworkSettings& settings, model::ServerNumber number, std::uint32_t generation,
                                 const HostNetworkFacts& facts);
/// The addresses and gateways of a device, and it is up. One without addresses is left as it is, for others to set up.
void set_up_device(sys::MessageRow& row, const model::OwnDevice& device, std::uint32_t index);
/// What the child sends in its own namespace once its eth0 is there: loopback up, eth0 up with addresses, permanent
/// neighbours and default routes. Empty for kind host.
std::vector<char> guest_row(const NetworkPlan& plan);
/// A plan as one line of text for the state file, and back. take_down needs the plan as it was at the start: the default
/// route may lead elsewhere by then.
std::string print_plan(const NetworkPlan& plan);
Result<NetworkPlan> parse_plan(std::string_view text);

/// An address that cannot be had.
struct AddressConflict {
    model::IpAddress address;
    std::string device;                     ///< where it is
    std::optional<std::uint32_t> context;   ///< of the server that has it; nullopt: the host itself
};

class HostNetwork {
  public:
    /// In the host's mount and network namespace.
    static Result<HostNetwork> open();

    Result<HostNetworkFacts> facts(const model::NetworkSettings& settings);
    /// Addresses of the plan that the host or another server has.
    Result<std::vector<AddressConflict>> addresses_in_use(const NetworkPlan& plan);

    /// What all servers share, where it is missing: our nf_tables ruleset (runs nft), forwarding on the uplinks.
    Result<> prepare(const NetworkPlan& plan);
    /// Cable, routes, neighbours, proxy entries, redirected ports. Code::busy where somebody has an address or a port.
    /// After a failure take_down() removes what was done.
    Result<> bring_up(const NetworkPlan& plan, sys::FdRef guest_network);
    /// The same for kind bind, before anything of the server lives.
    Result<> add_aliases(const NetworkPlan& plan);
    /// Idempotent. The cable itself ends with the guest's namespace, which nobody waits for.
    Result<> take_down(const NetworkPlan& plan);
    /// Neighbours may ask for its addresses, where the main environment is silent (kAnswered of network_rules.hpp). bring_up() does it too.
    Result<> open_to_neighbours(const NetworkPlan& plan);
    /// Those of the devices that our rules do not let servers use.
    Result<std::vector<std::string>> closed_uplinks(const std::vector<std::string>& devices);
    Result<bool> has_rules();
    /// Adds what is missing of the rules for servers that run: after somebody flushed them, or after an upgrade.
    Result<> restore_rules(const std::vector<NetworkPlan>& running);

  private:
    HostNetwork(sys::NetlinkSocket route, sys::NetlinkSocket filter, sys::DirFd sysctls)
        : route_(std::move(route)), filter_(std::move(filter)), sysctls_(std::move(sysctls)) {}
    Result<> load_rules();
    Result<> keep_closed_to_wire(model::Family family, const std::string& device);
    Result<> open_uplinks(const std::vector<std::string>& devices);
    Result<> close_to_neighbours(const model::IpAddress& address);
    Result<> remove_aliases(const NetworkPlan& plan);
    Result<> find_bound(const NetworkPlan& plan, std::vector<AddressConflict>& conflicts);

    sys::NetlinkSocket route_;
    sys::NetlinkSocket filter_;
    sys::DirFd sysctls_;  ///< /proc/sys/net
};

/// Something on this host that keeps servers off the wire, and the command that mends it.
struct NetworkFinding {
    std::string problem;
    std::string remedy;
};
/// For `doctor`: foreign firewall chains that drop forwarded packets; our rules and the forwarding that servers which run need.
Result<std::vector<NetworkFinding>> examine_network(const std::vector<NetworkPlan>& running);

}  // namespace vs::server
