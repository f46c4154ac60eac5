#pragma once
// What keeps the main environment of a secured machine silent whatever device should turn up in its network: nothing comes in, goes
// out or through but on loopback, and no ARP is answered. Verdicts of other tables cannot undo a drop (nft(8)), so this holds beside
// any other firewall; and it needs no name of a device, so it can be loaded before there is one.

#include <string>
#include <string_view>

namespace vs::guard {

/// As `nft list table` prints it: `prove` compares the two.
inline constexpr std::string_view kSecureInet = R"nft(table inet vserver_secure {
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
)nft";

inline constexpr std::string_view kSecureArp = R"nft(table arp vserver_secure {
	chain input {
		type filter hook input priority filter; policy drop;
	}

	chain output {
		type filter hook output priority filter; policy drop;
	}
}
)nft";

/// Whatever of the two is there is gone.
inline constexpr std::string_view kNoSecureRules =
    "table inet vserver_secure\ndelete table inet vserver_secure\ntable arp vserver_secure\ndelete table arp vserver_secure\n";

/// Input for nft(8): one transaction that leaves exactly these, whatever was there.
inline std::string secure_rules() { return std::string(kNoSecureRules) + std::string(kSecureInet) + std::string(kSecureArp); }

}  // namespace vs::guard
