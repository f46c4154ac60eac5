#pragma once
// `vserver secure-host`: nothing from outside reaches the main environment. Either one virtual server does all the work and has the
// machine's network devices, and the main environment has loopback only, behind rules that would keep it silent if a device came
// back; or the devices stay, behind rules that let through what is a server's and nothing else (secure_rules.hpp).
//
// What it did is in guard/secure-host.json below the state directory, written before anything else is done; undo goes by that and
// may be called at any moment. Everything is about the network namespace that this process is in.

#include <optional>
#include <string>
#include <vector>

#include "guard/secure_rules.hpp"
#include "server/registry.hpp"
#include "sys/link.hpp"

namespace vs::guard {

/// What apply would do.
struct SecurePlan {
    std::optional<model::ServerName> server;  ///< that gets the devices; nullopt: they stay, behind rules
    std::vector<model::OwnDevice> devices;    ///< with the addresses that go with them
    std::vector<std::string> notes;
    std::vector<std::string> refusals;        ///< why it is not done; apply fails where there is one

    [[nodiscard]] Layout layout() const { return server ? Layout::given_away : Layout::behind_rules; }
};

/// Whether the operator says that there is another way in than the network.
enum class Console { unknown, asserted };
Result<SecurePlan> plan_giving_away(const server::Server& server, Console console);
Result<SecurePlan> plan_behind_rules(const storage::Store& store, Console console);

/// Loads the rules, and gives the devices to the server, if there is one, and starts it anew. Where any of it fails, everything is undone.
Result<> apply_secure_host(const storage::Store& store, const SecurePlan& plan);
/// The devices, their addresses and routes and the server's settings are as they were before. What is gone already is no error; what the
/// kernel did not take back is told, in sentences.
Result<std::vector<std::string>> undo_secure_host(const storage::Store& store);
/// What a cut-off apply did not come to, and after a boot: the rules, and the server where it does not run, whose devices are waited for.
/// Nothing on a machine that is not secured.
Result<> resume_secure_host(const storage::Store& store);
/// Devices that have turned up in the main environment go to the parking place (server/devices.hpp), unless they stay. Their names.
Result<std::vector<std::string>> catch_devices(const storage::Store& store);

/// One of the two tables as it is loaded, without what is in its sets; empty where it is not there.
enum class Counters { hidden, shown };
Result<std::string> list_secure_table(const char* family, Counters counters);
/// Where the rules are for the boot.
std::string secure_rules_path(const storage::Store& store);
/// Hardware, or a cable: not made of others, and silent unless the kernel's network speaks through it.
bool is_whole(const sys::Link& link);
/// The devices of this network but loopback and the cables to servers that run or are being started.
Result<std::vector<sys::Link>> stray_devices(sys::NetlinkSocket& socket);

}  // namespace vs::guard
