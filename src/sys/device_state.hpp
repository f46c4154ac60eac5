#pragma once
// What the kernel's network knows of a device and forgets when it goes to another namespace: its addresses, and the routes that lead
// through it, with all their attributes (origin, metric, preferred source, flags, table, ...), and whether it makes a link-local one itself.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sys/netlink.hpp"

namespace vs::sys {

/// Addresses and routes as rtnetlink tells them, byte for byte from behind nlmsghdr. Not those that come by themselves: with an address, from
/// a router's advertisement, in the table of local ones.
struct DeviceState {
    bool up = false;
    std::optional<std::uint8_t> address_generation;  ///< sys::Link
    std::vector<std::string> addresses, routes;
    bool operator==(const DeviceState&) const = default;
};
Result<DeviceState> device_state(NetlinkSocket& socket, std::uint32_t index);

/// On the device that has this number now. What is there already is no error. What the kernel did not take back, as sentences: it is the
/// caller's to tell, for the rest stands.
Result<std::vector<std::string>> restore_device(NetlinkSocket& socket, std::uint32_t index, const DeviceState& state);

}  // namespace vs::sys
