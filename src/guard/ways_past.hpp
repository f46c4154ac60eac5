#pragma once
// What leads past the rules of a machine whose devices stay with it (secure_rules.hpp): for `prove`.

#include <set>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "sys/probe.hpp"

namespace vs::guard {

struct Ways {
    std::vector<std::string> seen;  ///< that is as it should be, for evidence
    std::vector<std::string> past;
};

/// What has packets before the rules: XDP, traffic control, chains at devices, kinds of packets that are not IP or ARP.
Result<Ways> find_early_hooks();
/// Whether this machine answers neighbours for anything but the addresses of its servers, as text.
Result<Ways> find_answers_to_neighbours(const std::set<std::string>& of_servers);
/// Networks that are kept by their files and share a device of this one, in which any listener would be past the rules.
/// `known` are those of servers: "net:[4026531840]".
Result<Ways> find_kept_networks(const std::set<std::string>& known);

/// What a server asks the main environment: every address of that at each of the ports, and at one where nobody is.
Result<std::vector<sys::Probe>> probes_of_main_environment(const std::set<std::uint16_t>& ports);

// Pure, for tests.

/// Of /proc/net/ptype, what takes packets and is not IP or ARP: "packet_rcv takes packets of type ALL on eth0".
std::vector<std::string> other_packet_takers(std::string_view table);

}  // namespace vs::guard
