#pragma once
// What keeps the main environment of a secured machine silent. Verdicts of other tables cannot undo a drop (nft(8)), so this holds
// beside any other firewall; and it needs no name of a device, so it can be loaded before there is one.

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace vs::guard {

/// Of each chain of ours that sees packets of IP: before conntrack, and before all that is usual (nft(8), priorities).
inline constexpr int kSecurePriority = -450;

/// Where the machine's network devices are once it is secured.
enum class Layout {
    given_away,    ///< in one server; the main environment has loopback only
    behind_rules,  ///< where they were; servers have their service through them, and the main environment none
};

/// A table each, as `nft --stateless --terse list table` prints it: `prove` compares the two.
struct SecureRules {
    std::string_view inet, arp;
    /// With the names of their families.
    [[nodiscard]] constexpr std::array<std::pair<const char*, std::string_view>, 2> tables() const { return {{{"inet", inet}, {"arp", arp}}}; }
};

/// Whatever device should turn up: nothing comes in, goes out or through but on loopback, and no ARP is answered.
inline constexpr SecureRules kWithoutDevices{
    .inet = R"nft(table inet vserver_secure {
	chain arrive {
		type filter hook prerouting priority -450; policy drop;
		iifname "lo" accept
	}

	chain input {
		type filter hook input priority -450; policy drop;
		iifname "lo" accept
	}

	chain forward {
		type filter hook forward priority -450; policy drop;
	}

	chain output {
		type filter hook output priority -450; policy drop;
		oifname "lo" accept
	}
}
)nft",
    .arp = R"nft(table arp vserver_secure {
	chain input {
		type filter hook input priority filter; policy drop;
	}

	chain output {
		type filter hook output priority filter; policy drop;
	}
}
)nft",
};

/// What passes is forwarded from or to a server, which its own rules judge later (server/network_rules.hpp), and what Ethernet needs for
/// that: the main environment asks for its neighbours, and answers theirs for the addresses in the sets alone, which starts and stops of
/// servers fill. What is for the main environment goes before connection tracking and before any address is rewritten; what is
/// rewritten to lead there goes at input. `@th,64,128` is the target that is asked for (RFC 4861, 4.3 and 4.4). What is dropped is counted.
inline constexpr SecureRules kAroundDevices{
    .inet = R"nft(table inet vserver_secure {
	set servers {
		typeof @th,64,128
	}

	chain arrive {
		type filter hook prerouting priority -450; policy drop;
		iif "lo" accept
		iifname != "vs-*" icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
		fib daddr type unicast accept
		counter
	}

	chain input {
		type filter hook input priority -450; policy drop;
		iif "lo" accept
		iifname != "vs-*" icmpv6 type nd-neighbor-solicit @th,64,128 @servers accept
		iifname != "vs-*" icmpv6 type nd-neighbor-advert accept
		counter
	}

	chain forward {
		type filter hook forward priority -450; policy drop;
		iifname "vs-*" accept
		oifname "vs-*" accept
		counter
	}

	chain output {
		type filter hook output priority -450; policy drop;
		oif "lo" accept
		ip6 saddr != :: icmpv6 type nd-neighbor-solicit accept
		icmpv6 type nd-neighbor-advert @th,64,128 @servers accept
		counter
	}
}
)nft",
    .arp = R"nft(table arp vserver_secure {
	set servers {
		type ipv4_addr
	}

	chain input {
		type filter hook input priority filter; policy drop;
		arp operation request arp daddr ip @servers accept
		arp operation reply accept
		counter
	}

	chain output {
		type filter hook output priority filter; policy drop;
		arp operation request accept
		arp operation reply arp saddr ip @servers accept
		counter
	}
}
)nft",
};

constexpr const SecureRules& rules_of(Layout layout) { return layout == Layout::given_away ? kWithoutDevices : kAroundDevices; }

/// Whatever of the two is there is gone.
inline constexpr std::string_view kNoSecureRules =
    "table inet vserver_secure\ndelete table inet vserver_secure\ntable arp vserver_secure\ndelete table arp vserver_secure\n";

/// Input for nft(8): one transaction that leaves exactly these, whatever was there.
inline std::string secure_rules(Layout layout) {
    return std::string(kNoSecureRules) + std::string(rules_of(layout).inet) + std::string(rules_of(layout).arp);
}

}  // namespace vs::guard
