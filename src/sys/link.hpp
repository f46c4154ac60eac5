#pragma once
// The network devices of a namespace as they are, and how one goes to another namespace (rtnetlink(7)).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sys/netlink.hpp"

namespace vs::sys {

struct Link {
    std::string name;
    std::uint32_t index = 0;
    std::string kind;          ///< "bridge", "veth", ...; empty: hardware, or what looks like it
    std::uint32_t master = 0;  ///< the bridge or bond that it is part of; 0: none
    bool up = false;
    bool shares = false;       ///< it is made of a device of another network: a macvlan, a VLAN
    bool has_xdp = false;      ///< a program of XDP sees its packets first
    /// How the kernel makes its link-local address: IN6_ADDR_GEN_MODE_* of <linux/if_link.h>; nullopt: it knows no IPv6.
    std::optional<std::uint8_t> address_generation;
};
/// All of them, loopback too.
Result<std::vector<Link>> links(NetlinkSocket& socket);

/// What sees the packets of a device before any other hook: "an XDP program", "filters of tc where packets come in".
/// Precondition: CAP_NET_ADMIN.
Result<std::vector<std::string>> early_hooks(NetlinkSocket& socket, const Link& link);

struct DefaultRoute {
    std::string gateway;  ///< as text
    std::uint32_t index = 0;
};
/// Those of the main table that lead to a gateway, of both families.
Result<std::vector<DefaultRoute>> default_routes(NetlinkSocket& socket);

/// The device arrives down, without addresses and routes, and keeps its name unless that is taken there.
struct DeviceMove {
    std::uint32_t index = 0;
    int target = -1;              ///< the namespace
    std::uint32_t new_index = 0;  ///< its number there; 0: as the kernel likes
};
void move_device(MessageRow& row, const DeviceMove& move);
/// Of a device that is down.
void rename_device(MessageRow& row, std::uint32_t index, const std::string& name);
void set_down(MessageRow& row, std::uint32_t index);

/// A network namespace that nobody is in, with loopback only and that down.
Result<NamespaceFd> make_network_namespace();

}  // namespace vs::sys
