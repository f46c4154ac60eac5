#pragma once
// The seccomp filter that a virtual server lives under: an allow-list of the native architecture's calls.
//
// What is not allowed looks as on a kernel without it: an unknown call, another architecture's and x32's are ENOSYS, a
// refused privilege is EPERM, a refused socket EAFNOSUPPORT or EPROTONOSUPPORT (libaudit and PAM abort on EPERM there),
// a refused socket option ENOPROTOOPT. The reasons stand in guest_calls.hpp and docs/decisions/seccomp.md.

#include <linux/filter.h>

#include <span>

namespace vs::context {

struct FilterOptions {
    bool user_namespaces;  ///< may the server make user namespaces of its own (systemd's PrivateUsers needs it)
    bool firewall;         ///< opens nf_tables and the older iptables to the server's root
    bool network_view;     ///< who asks about devices, addresses and routes is handed on (server/network_view.hpp)
};

/// The program for these options, computed when this was compiled; lives for ever. With `network_view` it has to be loaded so that somebody gets
/// the calls (sys/notification.hpp): a socket of NETLINK_ROUTE waits for his answer.
///
/// Fork-safety: async-signal-safe. Join the server's own keyring before loading it: afterwards keyctl(2) is refused.
std::span<const sock_filter> guest_filter(FilterOptions options) noexcept;

}  // namespace vs::context
