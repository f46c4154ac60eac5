#pragma once
// `vserver secure-host`: one virtual server does all the work and has the machine's network devices; the main environment has
// loopback only, behind rules that would keep it silent if a device came back (secure_rules.hpp).
//
// What it did is in guard/secure-host.json below the state directory, written before anything else is done; undo goes by that and
// may be called at any moment. Everything is about the network namespace that this process is in.

#include <optional>
#include <string>
#include <vector>

#include "server/registry.hpp"
#include "sys/link.hpp"

namespace vs::guard {

/// What apply would do.
struct SecurePlan {
    model::ServerName server;
    std::vector<model::OwnDevice> devices;  ///< with the addresses that go with them
    std::vector<std::string> notes;
    std::vector<std::string> refusals;      ///< why it is not done; apply fails where there is one
};

/// Whether the operator says that there is another way in than the network.
enum class Console { unknown, asserted };
Result<SecurePlan> plan_secure_host(const server::Server& server, Console console);

/// Loads the rules, gives the devices to the server, and starts it anew. Where any of it fails, everything is undone.
Result<> apply_secure_host(const storage::Store& store, const SecurePlan& plan);
/// The devices, their addresses and the server's settings are as they were before. What is gone already is no error.
Result<> undo_secure_host(const storage::Store& store);
/// After a boot: the rules, and the server where it does not run. Nothing on a machine that is not secured.
Result<> resume_secure_host(const storage::Store& store);
/// Devices that have turned up in the main environment go to the parking place (server/devices.hpp). Their names.
Result<std::vector<std::string>> catch_devices(const storage::Store& store);

/// Where the rules are for the boot.
std::string secure_rules_path(const storage::Store& store);
/// The devices of this network but loopback and the cables to servers that run.
Result<std::vector<sys::Link>> stray_devices(sys::NetlinkSocket& socket);

}  // namespace vs::guard
