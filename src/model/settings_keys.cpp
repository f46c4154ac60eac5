#include "model/settings_keys.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace vs::model {

namespace {

/// A key whose value is one member.
template <auto Member, auto Read, auto Write, typename T>
constexpr Key<T> key_of(std::string_view name, std::string_view help, std::string_view example) {
    return {name, help, example,
            [](const Node& node, T& target) -> Result<void> {
                target.*Member = TRY(Read(node));
                return {};
            },
            [](const T& target) { return Write(target.*Member); }};
}

template <auto Member, auto Read, auto Write>
constexpr auto top = key_of<Member, Read, Write, Settings>;
template <auto Member, auto Read, auto Write>
constexpr auto network = key_of<Member, Read, Write, NetworkSettings>;
template <auto Member, auto Read, auto Write>
constexpr auto limit = key_of<Member, Read, Write, Limits>;
template <auto Member, auto Read, auto Write>
constexpr auto guard = key_of<Member, Read, Write, GuardSettings>;
template <auto Member, auto Read, auto Write>
constexpr auto log_key = key_of<Member, Read, Write, LogSettings>;
template <auto Member, auto Read, auto Write>
constexpr auto device = key_of<Member, Read, Write, OwnDevice>;
template <auto Member, auto Read, auto Write>
constexpr auto mount = key_of<Member, Read, Write, HostMount>;
template <auto Member, auto Read, auto Write>
constexpr auto service = key_of<Member, Read, Write, Service>;

constexpr std::array kTopKeys = {
    top<&Settings::image, read_text, write_text>("image", "The image that its root stands on: a directory of /var/lib/vservers/images.",
                                                 R"("debian-12")"),
    top<&Settings::host_name, read_text, write_text>("hostname", "Its host name; the default is the server's name.", R"("www")"),
    top<&Settings::domain_name, read_text, write_text>("domain", "Its domain.", R"("example.org")"),
    top<&Settings::init, read_init_kind, write_init_kind>(
        "init", R"(What runs first: "guest" is its own /sbin/init, "services" the [[service]] list, "auto" whichever it has.)", ""),
    top<&Settings::capabilities, read_capabilities, write_capabilities>(
        "capabilities", R"(What its root may do inside: names to keep, or "!name" to remove from the default.)", R"(["!net_raw"])"),
    top<&Settings::volumes, read_texts, write_texts>("volumes", "Directories kept beside the layers: for databases, and for images inside.",
                                                     R"(["/var/lib/postgresql"])"),
    top<&Settings::nice, read_number, write_number>("nice", "Priority of its processes, -20 (most) to 19 (least).", ""),
    top<&Settings::user_namespaces, read_truth, write_truth>(
        "userns", "May it make user namespaces? systemd's PrivateUsers= needs them.", ""),
    top<&Settings::secluded, read_truth, write_truth>(
        "private", "Nobody enters, traces or signals it while it runs, the host's root neither? Needs 'vserver shield on'.", ""),
    top<&Settings::nesting, read_truth, write_truth>("nesting", "No masks over /proc, so that containers run inside.", ""),
    top<&Settings::firewall, read_truth, write_truth>("firewall", "May its root set up nftables in its own network?", ""),
    top<&Settings::hooks, read_text, write_text>("hooks", "A program on the host, called pre-start, post-start, pre-stop and post-stop.",
                                                 R"("/etc/vservers/hooks/www")"),
    top<&Settings::stop_timeout, read_duration, write_duration>("stop_timeout", "How long its init may take to stop.", ""),
    top<&Settings::hook_timeout, read_duration, write_duration>("hook_timeout", "How long one call of the hook may take.", ""),
};

constexpr std::array kNetworkKeys = {
    network<&NetworkSettings::kind, read_network_kind, write_network_kind>(
        "kind", R"("private" is a network of its own with the addresses below, "bind" the host's, locked to them; "none" only loopback, "host" the host's.)", ""),
    network<&NetworkSettings::addresses, read_addresses, write_addresses>("addresses", "Its addresses, without a prefix length.",
                                                                          R"(["192.0.2.10", "2001:db8::10"])"),
    network<&NetworkSettings::ports, read_ports, write_ports>("ports", "Ports of the host that lead to it: [ADDRESS:]HOSTPORT:PORT[/udp].",
                                                              R"(["8080:80"])"),
    network<&NetworkSettings::nameservers, read_addresses, write_addresses>("nameservers", "Its name servers; the default is the host's.",
                                                                            R"(["192.0.2.53"])"),
    network<&NetworkSettings::uplink, read_text, write_text>(
        "uplink", "The host's device towards its clients; the default is the default route's.", R"("eth0")"),
    network<&NetworkSettings::view, read_network_view, write_network_view>(
        "view", R"(With "bind": "own" shows it its own addresses only, "host" the whole of the host's network.)", ""),
};

constexpr std::array kLimitKeys = {
    limit<&Limits::memory, read_size, write_size>("memory", "Memory, with the page cache of its files.", R"("512M")"),
    limit<&Limits::processes, read_count, write_count>("processes", "Processes and threads; 0 is no limit.", ""),
    limit<&Limits::network_namespaces, read_count, write_count>("network_namespaces", "Network namespaces, its own included; 0 is no limit but the host's.", ""),
    limit<&Limits::cpu_weight, read_weight, write_weight>(
        "cpu_weight", "Share of busy processors beside other servers, 1 to 10000.", "100"),
    limit<&Limits::cpu_percent, read_percent, write_percent>("cpu_cap", R"(Most processor time; "100%" is one processor.)", R"("150%")"),
};

constexpr std::array kGuardKeys = {
    guard<&GuardSettings::frozen, read_texts, write_texts>("frozen", "What stays as it was accepted; '*' stands for one name.",
                                                           R"(["/srv/www", "/home/*/bin"])"),
    guard<&GuardSettings::growing, read_texts, write_texts>("growing", "What may only grow, like logs.", R"(["/srv/audit"])"),
    guard<&GuardSettings::ignored, read_texts, write_texts>("ignored", "What may change; only privileged programs are looked for.",
                                                            R"(["/etc/cups"])"),
};

constexpr std::array kLogKeys = {
    log_key<&LogSettings::records, read_count, write_count>("records", "Messages a second, on each socket; more are counted and dropped.", ""),
    log_key<&LogSettings::bytes, read_size, write_size>("bytes", "Bytes a second, the same way.", ""),
    log_key<&LogSettings::keep, read_size, write_size>("keep", "How much stays on disk; the oldest goes.", ""),
};

constexpr std::array kDeviceKeys = {
    device<&OwnDevice::name, read_text, write_text>("name", "A network device of the host.", R"("eth1")"),
    device<&OwnDevice::addresses, read_network_addresses, write_network_addresses>(
        "addresses", "What it is set up with; without them the server does that itself.", R"(["192.0.2.10/24"])"),
    device<&OwnDevice::gateways, read_addresses, write_addresses>("gateways", "Where its default routes lead; only with network.kind = \"none\".", ""),
};

constexpr std::array kMountKeys = {
    mount<&HostMount::from, read_text, write_text>("from", "A directory or file of the host.", R"("/srv/data")"),
    mount<&HostMount::to, read_text, write_text>("to", "Where the server sees it.", R"("/data")"),
    mount<&HostMount::writable, read_mount_mode, write_mount_mode>("mode", R"("ro" or "rw".)", ""),
    mount<&HostMount::owner, read_text, write_text>("owner", "The server's user whom the owner of `from` becomes; the default is root.",
                                                    R"("www-data")"),
};

constexpr std::array kServiceKeys = {
    service<&Service::name, read_text, write_text>("name", "What `status` calls it.", R"("web")"),
    service<&Service::command, read_texts, write_texts>("command", "The program and its arguments; no shell.",
                                                        R"(["/usr/sbin/nginx", "-g", "daemon off;"])"),
    service<&Service::user, read_text, write_text>("user", "The server's user who runs it, by name or number.", ""),
    service<&Service::restart, read_truth, write_truth>("restart", "Start it again when it ends?", ""),
};

// What the kernel gives the first process of a machine, with systemd's bounds for files and locked memory; a start must not
// depend on the limits of who types it. The number of processes is bounded for the whole server (limits.processes).
constexpr std::uint64_t kUnlimited = ~0ULL;
constexpr std::array kUlimitNames = {
    UlimitName{"as", RLIMIT_AS, kUnlimited, kUnlimited},
    // One byte is no core file, and the one value at which the kernel does not start kernel.core_pattern's program either, which it
    // runs as root of the host on what a server has made (core(5); fs/coredump.c).
    UlimitName{"core", RLIMIT_CORE, 1, 1},
    UlimitName{"cpu", RLIMIT_CPU, kUnlimited, kUnlimited},
    UlimitName{"data", RLIMIT_DATA, kUnlimited, kUnlimited},
    UlimitName{"fsize", RLIMIT_FSIZE, kUnlimited, kUnlimited},
    UlimitName{"locks", RLIMIT_LOCKS, kUnlimited, kUnlimited},
    UlimitName{"memlock", RLIMIT_MEMLOCK, 8 << 20, 8 << 20},
    UlimitName{"msgqueue", RLIMIT_MSGQUEUE, 819200, 819200},
    UlimitName{"nice", RLIMIT_NICE, 0, 0},
    UlimitName{"nofile", RLIMIT_NOFILE, 1024, 524288},
    UlimitName{"nproc", RLIMIT_NPROC, kUnlimited, kUnlimited},
    UlimitName{"rss", RLIMIT_RSS, kUnlimited, kUnlimited},
    UlimitName{"rtprio", RLIMIT_RTPRIO, 0, 0},
    UlimitName{"rttime", RLIMIT_RTTIME, kUnlimited, kUnlimited},
    UlimitName{"sigpending", RLIMIT_SIGPENDING, 65536, 65536},
    UlimitName{"stack", RLIMIT_STACK, 8 << 20, kUnlimited},
};
static_assert(kUlimitNames.size() == RLIM_NLIMITS, "the headers know a resource limit that has no name here");

template <typename Rows>
std::vector<std::string_view> names_of(const Rows& rows) {
    std::vector<std::string_view> names;
    for (const auto& row : rows) names.push_back(row.name);
    return names;
}

/// What a writer of an unknown key may have meant: a key of another section written in this one, or a typing error.
std::string suggestion(std::string_view key, const std::vector<std::string_view>& known) {
    for (const auto& section : sections()) {
        auto names = section.keys();
        if (section.name != "ulimits" && std::ranges::find(names, key) != names.end())
            return fmt::format("; it belongs in {}", section.title);
    }
    for (const auto& row : kTopKeys)
        if (row.name == key) return "; it belongs above the first [section]";
    auto near = base::nearest(key, known);
    return near ? fmt::format("; did you mean '{}'?", *near) : std::string();
}

std::unexpected<Error> unknown_key(const Node& node, const std::vector<std::string_view>& known) {
    constexpr std::size_t kLongestShown = 64;
    auto shown = std::string_view(node.key).substr(0, kLongestShown);
    return fail(Code::usage, "{}:{}: unknown key '{}'{}", node.file, node.line, shown, suggestion(shown, known));
}

template <typename T>
Result<void> read_table(const Node& table, std::span<const Key<T>> keys, T& target) {
    TRY(table.require(Node::Kind::table));
    for (const auto& node : table.children) {
        auto row = std::ranges::find(keys, node.key, &Key<T>::name);
        if (row == keys.end()) return unknown_key(node, names_of(keys));
        TRY(row->read(node, target));
    }
    return {};
}

/// [[mount]] and [[service]]: one element of `target` per table.
template <typename T>
Result<void> read_tables(const Node& list, std::span<const Key<T>> keys, std::vector<T>& target) {
    TRY(list.require(Node::Kind::list));
    for (const auto& table : list.children) TRY(read_table(table, keys, target.emplace_back()));
    return {};
}

Result<void> read_ulimits(const Node& table, Settings& settings) {
    TRY(table.require(Node::Kind::table));
    for (const auto& node : table.children) {
        if (std::ranges::find(kUlimitNames, node.key, &UlimitName::name) == kUlimitNames.end())
            return unknown_key(node, names_of(kUlimitNames));
        settings.ulimits[node.key] = TRY(read_resource_limit(node));
    }
    return {};
}

constexpr std::array kSections = {
    Section{"network", "[network]", [] { return names_of(kNetworkKeys); },
            [](const Node& node, Settings& settings) { return read_table(node, network_keys(), settings.network); }},
    Section{"limits", "[limits]", [] { return names_of(kLimitKeys); },
            [](const Node& node, Settings& settings) { return read_table(node, limit_keys(), settings.limits); }},
    Section{"ulimits", "[ulimits]", [] { return names_of(kUlimitNames); }, read_ulimits},
    Section{"guard", "[guard]", [] { return names_of(kGuardKeys); },
            [](const Node& node, Settings& settings) { return read_table(node, guard_keys(), settings.guard); }},
    Section{"log", "[log]", [] { return names_of(kLogKeys); },
            [](const Node& node, Settings& settings) { return read_table(node, log_keys(), settings.log); }},
    Section{"device", "[[device]]", [] { return names_of(kDeviceKeys); },
            [](const Node& node, Settings& settings) { return read_tables(node, device_keys(), settings.devices); }},
    Section{"mount", "[[mount]]", [] { return names_of(kMountKeys); },
            [](const Node& node, Settings& settings) { return read_tables(node, mount_keys(), settings.mounts); }},
    Section{"service", "[[service]]", [] { return names_of(kServiceKeys); },
            [](const Node& node, Settings& settings) { return read_tables(node, service_keys(), settings.services); }},
};

}  // namespace

std::span<const Key<Settings>> top_keys() { return kTopKeys; }
std::span<const Key<NetworkSettings>> network_keys() { return kNetworkKeys; }
std::span<const Key<Limits>> limit_keys() { return kLimitKeys; }
std::span<const Key<GuardSettings>> guard_keys() { return kGuardKeys; }
std::span<const Key<LogSettings>> log_keys() { return kLogKeys; }
std::span<const Key<OwnDevice>> device_keys() { return kDeviceKeys; }
std::span<const Key<HostMount>> mount_keys() { return kMountKeys; }
std::span<const Key<Service>> service_keys() { return kServiceKeys; }
std::span<const Section> sections() { return kSections; }

const std::vector<UlimitName>& ulimit_names() {
    static const std::vector<UlimitName> names(kUlimitNames.begin(), kUlimitNames.end());
    return names;
}

Result<void> read_settings(const Node& document, Settings& settings) {
    for (const auto& node : document.children) {
        auto section = std::ranges::find(kSections, node.key, &Section::name);
        auto row = std::ranges::find(kTopKeys, node.key, &Key<Settings>::name);
        if (section != kSections.end()) {
            TRY(section->read(node, settings));
        } else if (row != kTopKeys.end()) {
            TRY(row->read(node, settings));
        } else {
            auto known = names_of(kTopKeys);
            std::ranges::copy(names_of(kSections), std::back_inserter(known));
            return unknown_key(node, known);
        }
    }
    return {};
}

std::vector<std::string> all_keys() {
    std::vector<std::string> keys;
    for (const auto& row : kTopKeys) keys.emplace_back(row.name);
    for (const auto& section : kSections)
        for (auto name : section.keys()) keys.push_back(fmt::format("{}.{}", section.name, name));
    return keys;
}

}  // namespace vs::model
