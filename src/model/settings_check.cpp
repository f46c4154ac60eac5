#include "model/settings_check.hpp"

#include <algorithm>
#include <climits>

#include "base/text.hpp"
#include "model/service_table.hpp"
#include "model/settings_paths.hpp"

namespace vs::model {

namespace {

using Found = std::optional<Finding>;

std::string_view shown(std::string_view text) { return text.substr(0, 64); }

// Not <cctype>: a locale must not change what is accepted.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z'); }

/// Letters, digits and `others`, beginning with a letter or digit.
bool is_word(std::string_view text, std::string_view others, std::size_t longest) {
    auto inner = [&](char c) { return is_alphanumeric(c) || others.find(c) != std::string_view::npos; };
    return !text.empty() && text.size() <= longest && is_alphanumeric(text[0]) && std::ranges::all_of(text, inner);
}

bool is_host_label(std::string_view text) { return is_word(text, "-", 63) && text.back() != '-'; }

bool is_domain(std::string_view text) {
    constexpr std::size_t kUtsLength = 64;  // __NEW_UTS_LEN
    return text.size() <= kUtsLength && std::ranges::all_of(base::split(text, '.'), is_host_label);
}

/// A user of the guest by name (as useradd takes them) or number. "-1" and "0x0" are neither: CVE-2026-30892.
bool is_user(std::string_view text) {
    if (auto number = base::parse_number(text)) return *number < 65536;
    bool starts_well = !text.empty() && (is_alphanumeric(text[0]) || text[0] == '_') && !is_digit(text[0]);
    return starts_well && is_word("x" + std::string(text), "_.-", 33);
}

bool is_device(std::string_view text) {
    constexpr std::size_t kLongest = 15;  // IFNAMSIZ - 1
    auto good = [](char c) { return c > ' ' && c < 0x7f && c != '/' && c != ':'; };
    return text.size() <= kLongest && text != "." && text != ".." && std::ranges::all_of(text, good);
}

/// An absolute path, or a name for vserver-init to search.
bool is_program(std::string_view text) { return text.starts_with('/') || (!text.empty() && text.find('/') == std::string_view::npos); }

Found check_image(const Settings& settings) {
    if (settings.image.empty()) return Finding{"image", "is missing: say which image is below its root"};
    bool starts_well = is_digit(settings.image[0]) || is_lower(settings.image[0]);
    bool lower = std::ranges::none_of(settings.image, [](char c) { return c >= 'A' && c <= 'Z'; });
    if (starts_well && lower && is_word(settings.image, "._-", 128)) return {};
    return Finding{"image", fmt::format("'{}' cannot be an image: use a-z 0-9 . _ -, beginning with a letter or digit",
                                        shown(settings.image))};
}

Found check_names(const Settings& settings) {
    if (!settings.host_name.empty() && !is_host_label(settings.host_name))
        return Finding{"hostname", fmt::format("'{}' is not a host name: use 1 to 63 letters, digits and inner hyphens; the domain "
                                               "has a key of its own",
                                               shown(settings.host_name))};
    if (!settings.domain_name.empty() && !is_domain(settings.domain_name))
        return Finding{"domain", fmt::format("'{}' is not a domain name of at most 64 characters", shown(settings.domain_name))};
    return {};
}

Found check_durations(const Settings& settings) {
    constexpr std::chrono::hours kLongest{24};
    for (auto [key, duration] : {std::pair("stop_timeout", settings.stop_timeout), std::pair("hook_timeout", settings.hook_timeout)})
        if (duration < std::chrono::milliseconds(1) || duration > kLongest) return Finding{key, "must be from 1ms to 24h"};
    return {};
}

Found check_limits(const Settings& settings) {
    constexpr std::uint64_t kLeastMemory = 4 << 20, kMostMemory = 1ULL << 60, kMostProcesses = 4 << 20;  // PID_MAX_LIMIT
    const auto& limits = settings.limits;
    if (settings.nice < -20 || settings.nice > 19) return Finding{"nice", "must be from -20 to 19"};
    if (limits.memory && (*limits.memory < kLeastMemory || *limits.memory > kMostMemory))
        return Finding{"limits.memory", "must be from 4M to 1048576T"};
    if (limits.processes > kMostProcesses) return Finding{"limits.processes", "must be at most 4194304, or 0 for no limit"};
    if (limits.network_namespaces > INT_MAX) return Finding{"limits.network_namespaces", "must be at most 2147483647, or 0 for no limit"};
    if (limits.cpu_weight && (*limits.cpu_weight < 1 || *limits.cpu_weight > 10000))
        return Finding{"limits.cpu_weight", "must be from 1 to 10000"};
    if (limits.cpu_percent && (*limits.cpu_percent < 1 || *limits.cpu_percent > 1'000'000))
        return Finding{"limits.cpu_cap", "must be from 1% to 1000000%"};
    return {};
}

Found check_log(const Settings& settings) {
    constexpr std::uint64_t kMostRate = 1 << 30, kLeastBytes = 4096, kLeastKept = 16 << 20, kMostKept = 1ULL << 40;
    const auto& log = settings.log;
    if (log.records < 1 || log.records > kMostRate) return Finding{"log.records", "must be from 1 to 1073741824"};
    if (log.bytes < kLeastBytes || log.bytes > kMostRate) return Finding{"log.bytes", "must be from 4K to 1G"};
    if (log.keep < kLeastKept || log.keep > kMostKept) return Finding{"log.keep", "must be from 16M to 1T"};
    return {};
}

Found check_ulimits(const Settings& settings) {
    for (const auto& [name, limit] : settings.ulimits)
        if (limit.hard && (!limit.soft || *limit.soft > *limit.hard))
            return Finding{"ulimits." + name, "the soft limit is above the hard one"};
    return {};
}

Found check_service(const Service& service, const std::string& path) {
    if (!is_word(service.name, "._-", kLongestServiceWord))
        return Finding{path + ".name", fmt::format("'{}' cannot be a service: use 1 to {} of A-Z a-z 0-9 . _ -", shown(service.name),
                                                   kLongestServiceWord)};
    if (service.command.empty()) return Finding{path + ".command", "is missing: name a program and its arguments"};
    if (service.command.size() > kMostArguments)
        return Finding{path + ".command", fmt::format("has more than {} words", kMostArguments)};
    if (!is_program(service.command[0]))
        return Finding{path + ".command", fmt::format("'{}' is neither an absolute path nor a bare name", shown(service.command[0]))};
    if (!is_user(service.user)) return Finding{path + ".user", fmt::format("'{}' is not a user", shown(service.user))};
    return {};
}

Found check_services(const Settings& settings) {
    const auto& services = settings.services;
    if (settings.init == InitKind::guest && !services.empty())
        return Finding{"service[0]", R"(needs init = "auto" or "services": the guest's own init would not run it)"};
    if (services.size() > kMostServices) return Finding{"service", fmt::format("more than {} services", kMostServices)};
    for (std::size_t i = 0; i < services.size(); ++i) {
        auto path = fmt::format("service[{}]", i);
        if (auto found = check_service(services[i], path)) return found;
        for (std::size_t j = 0; j < i; ++j)
            if (services[j].name == services[i].name) return Finding{path + ".name", fmt::format("'{}' is there twice", services[i].name)};
    }
    return {};
}

Found find_twice(const std::vector<IpAddress>& addresses, std::string_view path) {
    for (auto here = addresses.begin(); here != addresses.end(); ++here)
        if (std::find(addresses.begin(), here, *here) != here)
            return Finding{fmt::format("{}[{}]", path, here - addresses.begin()), fmt::format("'{}' is there twice", here->text())};
    return {};
}

Found check_addresses(const Settings& settings) {
    const auto& addresses = settings.network.addresses;
    for (std::size_t i = 0; i < addresses.size(); ++i)
        if (addresses[i].is_special())
            return Finding{fmt::format("network.addresses[{}]", i),
                           fmt::format("'{}' cannot be a server's address: it is loopback, link-local, multicast or unspecified",
                                       addresses[i].text())};
    if (auto found = find_twice(addresses, "network.addresses")) return found;
    return find_twice(settings.network.nameservers, "network.nameservers");
}

/// Two redirections of the same host port: one of them would never be reached.
bool collide(const PortRedirect& a, const PortRedirect& b) {
    bool same_address = a.any_host_address || b.any_host_address || a.host_address == b.host_address;
    return same_address && a.host_port == b.host_port && a.protocol == b.protocol;
}

Found check_ports(const Settings& settings) {
    const auto& ports = settings.network.ports;
    for (std::size_t i = 0; i < ports.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (collide(ports[i], ports[j]))
                return Finding{fmt::format("network.ports[{}]", i),
                               fmt::format("'{}' takes the same port of the host as '{}'", ports[i].text(), ports[j].text())};
    return {};
}

/// It has the ports of the host's stack on its own addresses, so there is nothing to redirect.
Found check_bind_network(const NetworkSettings& network) {
    constexpr std::ptrdiff_t kMost = 8;  // ADDRESS_LOCK_MOST of bpf/address_lock.h
    if (network.addresses.empty()) return Finding{"network.addresses", R"(network.kind = "bind" needs at least one address)"};
    if (!network.ports.empty()) return Finding{"network.ports", R"(needs network.kind = "private")"};
    for (auto family : {Family::ipv4, Family::ipv6})
        if (std::ranges::count(network.addresses, family, &IpAddress::family) > kMost)
            return Finding{"network.addresses", fmt::format(R"(network.kind = "bind" has at most {} addresses of one family)", kMost)};
    return {};
}

Found check_network_kind(const Settings& settings) {
    const auto& network = settings.network;
    constexpr std::string_view kNeedsPrivate = R"(needs network.kind = "private")";
    if (uses_host_network(network.kind) && settings.firewall)
        return Finding{"firewall", fmt::format(R"(is impossible with network.kind = "{}": the rules would be the host's)", network.kind == NetworkKind::host ? "host" : "bind")};
    if (network.kind == NetworkKind::bind) return check_bind_network(network);
    if (network.view == NetworkView::host && network.kind != NetworkKind::host)
        return Finding{"network.view", R"("host" needs network.kind = "bind": this server has a network of its own)"};
    if (network.kind == NetworkKind::private_) {
        if (!network.addresses.empty()) return {};
        return Finding{"network.addresses",
                       R"(a private network needs at least one address; network.kind = "none" is a server without network)"};
    }
    if (!network.addresses.empty()) return Finding{"network.addresses", std::string(kNeedsPrivate)};
    if (!network.ports.empty()) return Finding{"network.ports", std::string(kNeedsPrivate)};
    if (!network.uplink.empty()) return Finding{"network.uplink", std::string(kNeedsPrivate)};
    return {};
}

Found check_uplink(const Settings& settings) {
    if (is_device(settings.network.uplink)) return {};
    return Finding{"network.uplink", fmt::format("'{}' cannot be a network device", shown(settings.network.uplink))};
}

/// A gateway has to be in a network that the device is in, or nothing leads to it.
Found check_gateways(const OwnDevice& device, NetworkKind kind, const std::string& path) {
    if (!device.gateways.empty() && kind != NetworkKind::none)
        return Finding{path + ".gateways", R"(needs network.kind = "none": a private network has default routes of its own)"};
    for (std::size_t i = 0; i < device.gateways.size(); ++i) {
        auto family = device.gateways[i].family();
        auto same = [&](const auto& other) { return other.family() == family; };
        if (std::ranges::none_of(device.addresses, [&](const auto& own) { return same(own.address); }))
            return Finding{fmt::format("{}.gateways[{}]", path, i), "the device has no address of its family"};
        if (std::ranges::count_if(device.gateways, same) > 1)
            return Finding{fmt::format("{}.gateways[{}]", path, i), "there is more than one of its family"};
    }
    return {};
}

Found check_device(const OwnDevice& device, NetworkKind kind, const std::string& path) {
    if (device.name.empty() || device.name == "lo" || !is_device(device.name))
        return Finding{path + ".name", fmt::format("'{}' cannot be a network device that a server has", shown(device.name))};
    if (device.name == "eth0" && kind == NetworkKind::private_)
        return Finding{path + ".name", "'eth0' is what a private network is called inside; rename the device, or say network.kind = \"none\""};
    for (std::size_t i = 0; i < device.addresses.size(); ++i)
        if (device.addresses[i].address.is_special())
            return Finding{fmt::format("{}.addresses[{}]", path, i), fmt::format("'{}' cannot be a server's address", device.addresses[i].text())};
    return check_gateways(device, kind, path);
}

Found check_devices(const Settings& settings) {
    const auto& devices = settings.devices;
    if (!devices.empty() && uses_host_network(settings.network.kind))
        return Finding{"device[0]", "needs a network of the server's own: network.kind = \"none\" or \"private\""};
    for (std::size_t i = 0; i < devices.size(); ++i) {
        auto path = fmt::format("device[{}]", i);
        if (auto found = check_device(devices[i], settings.network.kind, path)) return found;
        for (std::size_t j = 0; j < i; ++j)
            if (devices[j].name == devices[i].name) return Finding{path + ".name", fmt::format("'{}' is there twice", devices[i].name)};
    }
    return {};
}

Found check_owners(const Settings& settings) {
    for (std::size_t i = 0; i < settings.mounts.size(); ++i)
        if (!settings.mounts[i].owner.empty() && !is_user(settings.mounts[i].owner))
            return Finding{fmt::format("mount[{}].owner", i), fmt::format("'{}' is not a user", shown(settings.mounts[i].owner))};
    return {};
}

}  // namespace

std::optional<Finding> check_settings(const Settings& settings) {
    constexpr Found (*kChecks[])(const Settings&) = {check_image,        check_names,     check_network_kind, check_addresses,
                                                     check_ports,        check_uplink,    check_devices,      check_limits,
                                                     check_ulimits,      check_log,       check_paths,        check_owners,
                                                     check_services,     check_durations};
    for (auto check : kChecks)
        if (auto found = check(settings)) return found;
    return {};
}

}  // namespace vs::model
