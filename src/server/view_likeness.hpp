#pragma once
// What a server's network view holds (network_view.hpp): which devices of the host, with which of the server's addresses and which routes.

#include <optional>
#include <vector>

#include "server/network.hpp"
#include "sys/link.hpp"

namespace vs::server {

/// A way by a device, with one of the server's addresses as the source.
struct ShownRoute {
    model::NetworkAddress destination;        ///< prefix 0: everywhere
    std::optional<model::IpAddress> gateway;  ///< nothing: on the link itself
    model::IpAddress source;
    friend auto operator<=>(const ShownRoute&, const ShownRoute&) = default;
};
struct ShownDevice {
    sys::Device device;
    std::vector<model::NetworkAddress> addresses;
    std::vector<ShownRoute> routes;
};

/// What the host has, as far as it matters here.
struct HostAddresses {
    std::vector<sys::OwnAddress> addresses;
    std::vector<sys::DefaultRoute> default_routes;
};
/// Pure. The devices with an address of `own`, by their numbers only; beside it on the link what shares a network with it, and at most one
/// default route of each family.
std::vector<ShownDevice> choose_shown(const HostAddresses& host, const std::vector<model::IpAddress>& own);
/// The same of the host as it is now, with the names and hardware addresses of the devices.
Result<std::vector<ShownDevice>> see_host(const std::vector<model::IpAddress>& own);

/// Makes two network namespaces, of which this process is in the second afterwards, and the second alike; the first holds the other ends of its
/// cables. For a process of its own: on failure it is somewhere between.
struct Likeness {
    sys::NamespaceFd shown, away;
};
Result<Likeness> make_likeness(const std::vector<ShownDevice>& devices);

}  // namespace vs::server
