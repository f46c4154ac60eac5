#pragma once
// The constant ruleset of our nf_tables table, loaded once per boot. Only redirected ports are added per server, to maps.
//
// Who a packet is from is asked of the routing table (fib), which holds exactly the addresses of running servers: there is
// no second list that could differ from it, be left behind, or be lost when somebody flushes the firewall.
// Chains touch packets of `vs-*` devices and packets that claim a server's address, and nothing else.

#include <cstdint>
#include <string>
#include <string_view>

#include "sys/nft.hpp"

namespace vs::server {

inline constexpr sys::nft::Table kRulesTable{sys::nft::Family::inet, "vserver"};

// The tables that keep a main environment silent whose devices stay with it (guard/secure_rules.hpp), and in each the set of the
// addresses that it answers its neighbours for all the same: those of running servers, by their ports on the wire.
inline constexpr sys::nft::Table kSilentInet{sys::nft::Family::inet, "vserver_secure"};
inline constexpr sys::nft::Table kSilentArp{sys::nft::Family::arp, "vserver_secure"};
inline constexpr std::string_view kAnswered = "servers";

/// The set whose one element is the number of the loaded ruleset.
inline constexpr std::string_view kVersionSet = "version";
/// Goes up with every change of the text below.
inline constexpr std::uint32_t kRulesVersion = 3;

/// The set of the devices by which servers may leave the host. Filled by starts, and the same for all servers.
inline constexpr std::string_view kUplinks = "uplinks";

/// The set of (family, device) of which the host forwarded nothing until a start made it.
inline constexpr std::string_view kOpened = "opened";

// Maps from (protocol, port) or (address of the host, protocol, port) to (address of the server, port).
inline constexpr std::string_view kPorts4 = "ports4";
inline constexpr std::string_view kPorts6 = "ports6";
inline constexpr std::string_view kPortsAt4 = "ports_at4";
inline constexpr std::string_view kPortsAt6 = "ports_at6";

/// Input for nft(8), to be followed by the version's element. One transaction; elements of the others survive it.
inline constexpr std::string_view kRules = R"nft(
table inet vserver {
    set version { type mark; }
    set uplinks { type ifname; }
    set opened { type nf_proto . ifname; }
    map ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
    map ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
    map ports_at4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
    map ports_at6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
}
flush table inet vserver
flush set inet vserver version
table inet vserver {
    # A server sends as itself, and nobody else does. Before connection tracking, which spoofed packets must not fill.
    chain sources {
        type filter hook prerouting priority raw; policy accept;
        iifname "vs-*" goto from_server
        fib saddr oifname "vs-*" drop
    }
    # Router advertisements, redirects and solicitations come from link-local addresses, and none is wanted: even a refusal
    # would make an entry in the neighbour table, one per invented source.
    chain from_server {
        ip6 saddr fe80::/10 drop
        fib saddr . iif oif missing drop
    }

    # The host's own sockets are closed to servers, except for answers and for asking whether it is there. Neighbours are
    # permanent on both sides, so none has to be asked for.
    chain to_host {
        type filter hook input priority filter; policy accept;
        iifname "vs-*" goto server_to_host
    }
    chain server_to_host {
        ct state established,related accept
        icmp type echo-request accept
        icmpv6 type echo-request accept
        goto refuse
    }

    # Servers reach the wire, not each other, not the other networks that the host is in, and not what clouds tell their
    # tenants' machines.
    chain through_host {
        type filter hook forward priority filter; policy accept;
        iifname "vs-*" goto server_to_wire
        oifname "vs-*" accept
        meta nfproto . iifname @opened goto to_elsewhere
    }
    # Forwarding was turned on for servers and for nobody else: the wire's neighbours still reach no other network of the host. What the
    # host has asked for, and ports that it leads somewhere, were set up by somebody since.
    chain to_elsewhere {
        ct state established,related accept
        ct status dnat accept
        drop
    }
    chain server_to_wire {
        ct state established,related accept
        oifname "vs-*" goto refuse
        oifname != @uplinks goto refuse
        meta l4proto { tcp, udp } th dport 53 accept
        ip daddr { 169.254.0.0/16, 100.100.100.200, 168.63.129.16, 192.0.0.192 } goto refuse
        ip6 daddr { fe80::/10, fd00:42::42, fd00:ec2::254, fd20:ce::254 } goto refuse
    }

    # Told at once, so that nothing inside waits for a timeout.
    chain refuse {
        meta l4proto tcp reject with tcp reset
        reject with icmpx admin-prohibited
    }

    # Ports of the host that lead to servers. Loopback addresses cannot be routed to one.
    chain ports_from_wire {
        type nat hook prerouting priority dstnat; policy accept;
        fib daddr type local jump to_ports
    }
    chain ports_from_host {
        type nat hook output priority -100; policy accept;
        ip daddr 127.0.0.0/8 accept
        ip6 daddr ::1 accept
        fib daddr type local jump to_ports
    }
    chain to_ports {
        meta l4proto { tcp, udp } dnat ip to ip daddr . meta l4proto . th dport map @ports_at4
        meta l4proto { tcp, udp } dnat ip to meta l4proto . th dport map @ports4
        meta l4proto { tcp, udp } dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports_at6
        meta l4proto { tcp, udp } dnat ip6 to meta l4proto . th dport map @ports6
    }
}
)nft";

}  // namespace vs::server
