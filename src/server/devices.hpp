#pragma once
// Network devices of the host that a server has for itself. They are in one of three places: the host's network, the server's, or
// the *parking place*, a network namespace in which nobody is. A device leaves a server's network by our hand only, and goes to the
// parking place: never back to the host, where something might set it up and answer on it.
//
// So that it does not go there by the kernel's hand either, which gives hardware back to the initial namespace when its own dies, the
// server's network is pinned in its run directory from before the first device comes until after the last has gone. What a
// guest has moved on into a namespace that it made itself does come back to the host; guard::catch_devices looks for that.

#include "server/run_state.hpp"

namespace vs::server {

/// The devices of the plan, from the host's network or the parking place. Code::busy where one is in neither.
Result<> give_devices(const RunDir& run, const NetworkPlan& plan, sys::FdRef guest_network);
/// To the parking place, from wherever in the server's network; idempotent.
Result<> take_devices_back(const RunDir& run, const NetworkPlan& plan);

/// From the host's network to the parking place.
Result<> park_device(std::uint32_t index);
/// From the parking place to the host's network, down; false where it is not there.
Result<bool> unpark_device(const std::string& name);
Result<std::vector<std::string>> parked_devices();

}  // namespace vs::server
