#pragma once
// The settings of one virtual server, as an administrator writes them in /etc/vservers/NAME.toml (vserver.toml(5)).
// Values only: parsing and checking do no I/O, so that a file can be judged before anything is touched.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/address.hpp"
#include "model/capability_set.hpp"
#include "model/name.hpp"

namespace vs::model {

enum class NetworkKind {
    private_,  ///< own network namespace, routed veth (the default)
    none,      ///< own network namespace with loopback only
    host,      ///< the host's own network
    bind,      ///< the host's own network, locked to the server's addresses (context/address_lock.hpp)
};

/// What a server on the host's stack is told about the network when it asks by rtnetlink (server/network_view.hpp).
enum class NetworkView {
    own,   ///< its own addresses, and nothing else
    host,  ///< the host's
};

/// Whether a server has no network namespace of its own.
constexpr bool uses_host_network(NetworkKind kind) { return kind == NetworkKind::host || kind == NetworkKind::bind; }

struct NetworkSettings {
    NetworkKind kind = NetworkKind::private_;
    std::vector<IpAddress> addresses;
    std::vector<PortRedirect> ports;
    std::vector<IpAddress> nameservers;  ///< empty: the host's own
    std::string uplink;                  ///< the host device whose wire answers for the addresses; empty: that of the default route
    NetworkView view = NetworkView::own;  ///< of kind bind
};

/// A network device of the host that the server has for itself while it runs; the host has it no more.
struct OwnDevice {
    std::string name;
    std::vector<NetworkAddress> addresses;  ///< set before its init runs; empty: the server sets it up itself
    std::vector<IpAddress> gateways;        ///< at most one of each family; only where it is the only network
    friend auto operator<=>(const OwnDevice&, const OwnDevice&) = default;
};

enum class InitKind {
    automatic,  ///< /sbin/init of the guest if it has one, else services
    guest,      ///< /sbin/init of the guest, whatever it is
    services,   ///< vserver-init runs `services`
};

/// One program that vserver-init keeps running.
struct Service {
    std::string name;
    std::vector<std::string> command;  ///< argv, no shell
    std::string user = "root";         ///< a name or number of the guest
    bool restart = true;               ///< start it again when it ends
};

/// A directory or file of the host mapped into the server.
struct HostMount {
    std::string from;  ///< absolute path on the host
    std::string to;    ///< absolute path in the server
    bool writable = false;
    /// Guest user whose files they seem to be: the owner of `from` on the host becomes this user inside. Empty: root.
    std::string owner;
};

struct Limits {
    std::optional<std::uint64_t> memory;   ///< bytes
    std::uint64_t processes = 1000;        ///< 0 means no limit
    std::uint64_t network_namespaces = 0;  ///< with its own; 0 means no limit but the host's
    std::optional<std::uint32_t> cpu_weight;  ///< 1..10000, 100 is the default of the kernel
    std::optional<std::uint32_t> cpu_percent;  ///< cap: 100 is one processor
};

/// Soft and hard value of setrlimit(2); nullopt is "unlimited".
struct ResourceLimit {
    std::optional<std::uint64_t> soft, hard;
};

/// Rules of `scan` beside its defaults (guard/policy.hpp): absolute paths, a '*' stands for one name.
struct GuardSettings {
    std::vector<std::string> frozen, growing, ignored;
};

/// What is kept of what a server logs. The rates hold for each of its log sockets and its console, and there for its root apart
/// from everybody else; half a minute's worth may come at once.
struct LogSettings {
    std::uint64_t records = 1000;    ///< a second
    std::uint64_t bytes = 1 << 20;   ///< a second
    std::uint64_t keep = 32 << 20;   ///< bytes on disk
};

struct Settings {
    std::string image;  ///< id below /var/lib/vservers/images
    std::string host_name;
    std::string domain_name;
    NetworkSettings network;
    std::vector<OwnDevice> devices;  ///< only in a network of its own
    InitKind init = InitKind::automatic;
    std::vector<Service> services;
    CapabilitySet capabilities = CapabilitySet::guest_default();  ///< the ceiling inside the server's user namespace
    std::vector<HostMount> mounts;
    std::vector<std::string> volumes;  ///< absolute directories in the server, kept beside the layers
    int nice = 0;
    Limits limits;
    GuardSettings guard;
    LogSettings log;
    std::map<std::string, ResourceLimit> ulimits;  ///< "nofile" and so on: names of ulimit_names()
    bool user_namespaces = true;  ///< `userns`: may the guest make user namespaces of its own
    bool secluded = false;        ///< `private`: nobody enters it while it runs, root of the host neither
    bool nesting = false;         ///< no masks, so that containers run inside
    bool firewall = false;        ///< opens nf_tables to the guest's root
    std::string hooks;            ///< absolute path of the script called pre-start, post-start, pre-stop, post-stop
    std::chrono::milliseconds stop_timeout{90'000};  ///< how long the init may take to stop
    std::chrono::milliseconds hook_timeout{60'000};
};

/// Names of resource limits that `ulimits` may hold, with their RLIMIT_* numbers and what holds where they are not named.
struct UlimitName {
    std::string_view name;
    int resource;
    std::uint64_t soft, hard;  ///< ~0 is no limit
};
const std::vector<UlimitName>& ulimit_names();

/// Parses and checks a whole settings file. `file` is used in messages only. An unknown key, a wrong type, a value out of
/// range or an impossible combination is Code::usage with "FILE:LINE: ..." and, for a key, the nearest known one.
Result<Settings> parse_settings(std::string_view text, const std::string& file);

/// A commented example with these values, as `build` writes it. parse_settings() of it gives the same settings.
std::string print_settings(const Settings& settings, const ServerName& name);

}  // namespace vs::model
