#pragma once
// What we say to the kernel about devices, addresses, routes and neighbours (rtnetlink(7)): each function adds one message
// to a row. Values in, bytes out; nothing here makes a system call but the questions at the end.
//
// An address is its bytes in network order: 4 for IPv4, 16 for IPv6.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/netlink.hpp"

namespace vs::sys {

std::string address_text(std::string_view address);

using MacAddress = std::array<unsigned char, 6>;

/// One end of a virtual cable.
struct CableEnd {
    std::string name;
    std::uint32_t index = 0;
    MacAddress mac{};
};
/// A veth pair with one queue per end; `far` is born in the namespace behind `far_namespace`. EEXIST where the name or the
/// index is taken.
struct Cable {
    CableEnd near, far;
    std::uint32_t mtu = 0;
    int far_namespace = -1;
};
void add_cable(MessageRow& row, const Cable& cable);

enum class Arp { on, off };
void set_up(MessageRow& row, std::uint32_t index, Arp arp);
/// No link-local address of the kernel's own making.
void forbid_automatic_addresses(MessageRow& row, std::uint32_t index);
/// How the kernel makes one: IN6_ADDR_GEN_MODE_* of <linux/if_link.h>.
void set_address_generation(MessageRow& row, std::uint32_t index, std::uint8_t mode);
/// IPV4_DEVCONF_* of <linux/ip.h>, as net.ipv4.conf.DEVICE has them.
struct Ipv4Setting {
    std::uint16_t id;
    std::uint32_t value;
};
void configure_ipv4(MessageRow& row, std::uint32_t index, const std::vector<Ipv4Setting>& settings);

/// Routes and addresses of ours carry this protocol number, so that `ip route show proto 118` lists them.
inline constexpr unsigned char kRouteProtocol = 118;

/// Usable at once: no duplicate address detection. A deprecated one is never chosen as the source of a connection (RFC 6724).
enum class Preference { preferred, deprecated };
struct InterfaceAddress {
    std::string_view address;
    std::uint8_t prefix = 0;
    std::uint32_t index = 0;
    Preference preference = Preference::preferred;
    std::uint8_t origin = 0;  ///< who made it (IFA_PROTO, ip-address(8) `proto`); kRouteProtocol for ours
};
/// EEXIST where the device has it already.
void add_address(MessageRow& row, const InterfaceAddress& address);
void remove_address(MessageRow& row, const InterfaceAddress& address);

struct Route {
    std::string_view destination;
    std::uint8_t prefix = 0;
    std::uint32_t index = 0;
    std::string_view gateway;  ///< empty: on the link itself
    std::string_view source;   ///< of connections that do not choose one; empty: the kernel chooses
    std::uint32_t mtu = 0;     ///< 0: the device's
    std::uint32_t advmss = 0;  ///< with mtu
};
/// EEXIST where a route to the same destination exists, through whatever device.
void add_route(MessageRow& row, const Route& route);
void remove_route(MessageRow& row, const Route& route);

struct Neighbour {
    std::string_view address;
    std::uint32_t index = 0;
    MacAddress mac{};
};
/// Replaces what was known.
void add_permanent_neighbour(MessageRow& row, const Neighbour& neighbour);
/// `index` answers for `address` on its wire. Adding it again is no error.
void add_proxy(MessageRow& row, std::string_view address, std::uint32_t index);
void remove_proxy(MessageRow& row, std::string_view address, std::uint32_t index);

/// Where a packet to `destination` would go. nullopt: nowhere.
struct RouteAnswer {
    enum class Kind { local, unicast, other } kind = Kind::other;
    std::uint32_t index = 0;
};
Result<std::optional<RouteAnswer>> route_to(NetlinkSocket& socket, std::string_view destination);

/// A device answers its neighbours' questions for an address (ip-neighbour(8), `proxy`).
struct ProxyEntry {
    std::string address;      ///< as text
    std::uint32_t index = 0;  ///< of the device; 0: each
};
/// All of them, of both families.
Result<std::vector<ProxyEntry>> proxy_entries(NetlinkSocket& socket);

struct Device {
    std::string name;
    std::uint32_t index = 0;
    std::uint32_t mtu = 0;
    MacAddress mac{};  ///< zeros where it has none of six bytes
};
Result<std::optional<Device>> device_by_index(NetlinkSocket& socket, std::uint32_t index);
Result<std::optional<Device>> device_by_name(NetlinkSocket& socket, std::string_view name);

/// An address that this host has on a device.
struct OwnAddress {
    std::string address;    ///< as text
    std::string broadcast;  ///< empty: none
    std::uint8_t prefix = 0;
    std::uint32_t index = 0;  ///< of the device
    std::uint8_t origin = 0;  ///< IFA_PROTO
    bool is_permanent = true; ///< not lent for a time by DHCP or a router
};
/// All of them, of both families, in the kernel's order.
Result<std::vector<OwnAddress>> own_addresses(NetlinkSocket& socket);

}  // namespace vs::sys
