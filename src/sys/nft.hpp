#pragma once
// nf_tables over netlink, as far as we need it per server: elements of sets and maps of our tables, and lists of base chains.
// Rules are never built here: the constant ruleset is loaded as text by nft(8).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/netlink.hpp"

namespace vs::sys::nft {

/// NFPROTO_* of <linux/netfilter.h>.
enum class Family : unsigned char { inet = 1, arp = 3 };
struct Table {
    Family family;
    std::string_view name;
};

/// An element of a map (or of a set, with empty data). Concatenated keys are their parts, each padded to 4 bytes.
struct Element {
    std::string_view set;
    std::string key;
    std::string data;
};
/// `parts` one after the other, each padded to 4 bytes.
std::string concatenate(const std::vector<std::string_view>& parts);

enum class IfPresent { fail, keep };
/// All of them or none. ENOENT where the table or the set is missing; EEXIST where an element is there and must not be.
Result<> add_elements(NetlinkSocket& socket, const Table& table, const std::vector<Element>& elements, IfPresent policy);
/// All of them or none; a missing one is ENOENT.
Result<> remove_elements(NetlinkSocket& socket, const Table& table, const std::vector<Element>& elements);
/// The data of the element with this key ("" in a set); nullopt where the table, the set or the element is missing.
Result<std::optional<std::string>> find_element(NetlinkSocket& socket, const Table& table, const Element& element);
/// Asking costs next to nothing; a change of a set that is not there waits for an RCU grace period before it fails (nf_tables_abort()).
Result<bool> has_set(NetlinkSocket& socket, const Table& table, std::string_view set);
/// The keys of all elements of a set; ENOENT where the table or the set is missing.
Result<std::vector<std::string>> keys_of(NetlinkSocket& socket, const Table& table, std::string_view set);

/// A chain that packets on their way through the machine meet.
struct ForwardChain {
    std::string family;  ///< "ip", "ip6", "inet"
    std::string table;
    std::string name;
    bool drops_by_default = false;
};
Result<std::vector<ForwardChain>> forward_chains(NetlinkSocket& socket);

/// Chains of other tables than `ours` that see a packet before those of this priority do, or with them: at a device ("netdev filter/early on
/// eth0"), or at prerouting or input ("ip mangle/first").
Result<std::vector<std::string>> chains_before(NetlinkSocket& socket, std::int32_t priority, std::string_view ours);

}  // namespace vs::sys::nft
