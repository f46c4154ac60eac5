#pragma once
// What a server of network kind `bind` is told when it asks about the network: its own addresses, on the devices that carry them, and nothing else
// (docs/decisions/address-lock.md, "What a server sees").
//
// The *view* is two small processes without any right (programs/netview/) in a network namespace of the host's that holds a likeness of those
// devices, with their names, numbers and hardware addresses, and of the routes through them. The server's filter of system calls hands on
// whoever asks for a socket of NETLINK_ROUTE, and the view gives him one of its namespace. So everything that goes by rtnetlink (getifaddrs,
// if_nameindex, ip, Node, Go) sees that, and everything else is the host's stack. sysfs is mounted from there too.
//
//     start_network_view     the command, once the server's groups and its addresses are there
//     connect_to_view        the command, once for each process that puts itself under the filter: the server's first, and every one that enters
//     confine_calls_raw      that process: the listener of its filter goes over the connection
//
// The view lives in a group beside the server's own, ROOT/NAME/view: what it makes is charged to the server, and it ends with it.

#include <linux/filter.h>

#include <span>
#include <string>

#include "server/cgroups.hpp"
#include "server/network.hpp"
#include "server/run_state.hpp"
#include "server/view_likeness.hpp"

namespace vs::server {

/// The name of its socket in /run/vservers/NAME.
inline constexpr const char* kViewSocket = "view";

struct ViewOrder {
    const std::string& name;
    const NetworkPlan& plan;
    const CgroupEntry& groups;  ///< view_cgroups()
    std::string inside;         ///< a process in the server's network namespace: "self", or its init's pid
    Likeness network;           ///< of one that has been killed; closed: made anew
};
/// The namespaces of the view that runs now. Precondition: the host has the plan's addresses, and nobody has a view of that server.
Result<Likeness> start_network_view(const RunDir& run, ViewOrder order);
/// For a running server: where both its processes have been killed, they are started again, with the namespaces and the listener that the keeper
/// has: calls that wait are answered then. What has entered before stays without (ENOSYS). Nothing to do where there is one that answers.
Result<> restore_network_view(const CgroupHost& host, const model::ServerName& name, const RunDir& run, const RunState& state);
/// The connection, with a number that is out of the way of those that a program expects. Code::not_running where there is nobody.
Result<sys::Fd> connect_to_view(const RunDir& run);

/// Loads the filter; where `view` is a connection, sends it the listener and returns that. 0 otherwise, or a negative errno.
/// Fork-safety: async-signal-safe.
int confine_calls_raw(std::span<const sock_filter> filter, int view) noexcept;

}  // namespace vs::server
