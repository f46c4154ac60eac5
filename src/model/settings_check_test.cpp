#include "model/settings_check.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace vs::model {
namespace {

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }
PortRedirect port(std::string_view text) { return PortRedirect::parse(text).value(); }

Settings good() {
    Settings settings;
    settings.image = "debian-12";
    settings.network.addresses = {address("192.0.2.10")};
    return settings;
}

NetworkSettings without_addresses(NetworkKind kind) {
    NetworkSettings network;
    network.kind = kind;
    return network;
}

/// A change to settings that are right, and what the check then says: "path: message", or nothing.
struct Row {
    std::function<void(Settings&)> change;
    std::string_view finding;
};

template <std::size_t N>
void expect(const Row (&rows)[N]) {
    for (const auto& [change, expected] : rows) {
        auto settings = good();
        change(settings);
        auto found = check_settings(settings);
        EXPECT_EQ(found ? found->path + ": " + found->message : "", expected);
    }
}

TEST(SettingsCheck, what_is_right_passes) { EXPECT_FALSE(check_settings(good())); }

TEST(SettingsCheck, image) {
    expect({
        {[](Settings& s) { s.image = "debian-12.oci_x"; }, ""},
        {[](Settings& s) { s.image = ""; }, "image: is missing: say which image is below its root"},
        {[](Settings& s) { s.image = "../x"; }, "image: '../x' cannot be an image: use a-z 0-9 . _ -, beginning with a letter or digit"},
        {[](Settings& s) { s.image = "a/b"; }, "image: 'a/b' cannot be an image: use a-z 0-9 . _ -, beginning with a letter or digit"},
        {[](Settings& s) { s.image = "Debian"; }, "image: 'Debian' cannot be an image: use a-z 0-9 . _ -, beginning with a letter or digit"},
        {[](Settings& s) { s.image = ".x"; }, "image: '.x' cannot be an image: use a-z 0-9 . _ -, beginning with a letter or digit"},
    });
}

TEST(SettingsCheck, host_and_domain_name) {
    constexpr std::string_view kNotHost =
        "is not a host name: use 1 to 63 letters, digits and inner hyphens; the domain has a key of its own";
    const std::string dotted = fmt::format("hostname: 'a.b' {}", kNotHost), hyphen = fmt::format("hostname: 'a-' {}", kNotHost),
                      underscore = fmt::format("hostname: 'a_b' {}", kNotHost),
                      longer = fmt::format("hostname: '{}' {}", std::string(64, 'x'), kNotHost);
    expect({
        {[](Settings& s) { s.host_name = "3Com-x"; }, ""},
        {[](Settings& s) { s.host_name = std::string(63, 'x'); }, ""},
        {[](Settings& s) { s.host_name = "a.b"; }, dotted},
        {[](Settings& s) { s.host_name = "a-"; }, hyphen},
        {[](Settings& s) { s.host_name = "a_b"; }, underscore},
        {[](Settings& s) { s.host_name = std::string(64, 'x'); }, longer},
        {[](Settings& s) { s.domain_name = "example.org"; }, ""},
        {[](Settings& s) { s.domain_name = "a..b"; }, "domain: 'a..b' is not a domain name of at most 64 characters"},
        {[](Settings& s) { s.domain_name = ".org"; }, "domain: '.org' is not a domain name of at most 64 characters"},
        {[](Settings& s) { s.domain_name = "a b"; }, "domain: 'a b' is not a domain name of at most 64 characters"},
    });
}

TEST(SettingsCheck, network_kind) {
    expect({
        {[](Settings& s) { s.network.addresses.clear(); },
         "network.addresses: a private network needs at least one address; network.kind = \"none\" is a server without network"},
        {[](Settings& s) { s.network.kind = NetworkKind::none; }, "network.addresses: needs network.kind = \"private\""},
        {[](Settings& s) { s.network = without_addresses(NetworkKind::none); }, ""},
        {[](Settings& s) { s.network.kind = NetworkKind::bind; }, ""},
        {[](Settings& s) { s.network.kind = NetworkKind::bind, s.network.view = NetworkView::host; }, ""},
        {[](Settings& s) { s.network.view = NetworkView::host; },
         R"(network.view: "host" needs network.kind = "bind": this server has a network of its own)"},
        {[](Settings& s) { s.network = without_addresses(NetworkKind::bind); }, R"(network.addresses: network.kind = "bind" needs at least one address)"},
        {[](Settings& s) { s.network = without_addresses(NetworkKind::none), s.network.ports = {port("80:80")}; },
         "network.ports: needs network.kind = \"private\""},
        {[](Settings& s) { s.network = without_addresses(NetworkKind::host), s.network.uplink = "eth0"; },
         "network.uplink: needs network.kind = \"private\""},
        {[](Settings& s) { s.network = without_addresses(NetworkKind::host), s.network.nameservers = {address("127.0.0.53")}; },
         ""},
        {[](Settings& s) { s.network = without_addresses(NetworkKind::host), s.firewall = true; },
         "firewall: is impossible with network.kind = \"host\": the rules would be the host's"},
        {[](Settings& s) { s.firewall = true; }, ""},
    });
}

TEST(SettingsCheck, devices) {
    static const OwnDevice eth0 = {"eth0", {NetworkAddress::parse("192.0.2.10/24").value()}, {IpAddress::parse("192.0.2.1").value()}};
    auto alone = [](Settings& s) { s.network = without_addresses(NetworkKind::none), s.devices = {eth0}; };
    expect({
        {alone, ""},
        {[](Settings& s) { s.devices = {{"eth1", {}, {}}}; }, ""},
        {[](Settings& s) { s.devices = {eth0}; },
         "device[0].name: 'eth0' is what a private network is called inside; rename the device, or say network.kind = \"none\""},
        {[](Settings& s) { s.devices = {eth0}, s.devices[0].name = "eth1"; },
         "device[0].gateways: needs network.kind = \"none\": a private network has default routes of its own"},
        {[](Settings& s) { s.network = without_addresses(NetworkKind::host), s.devices = {eth0}; },
         "device[0]: needs a network of the server's own: network.kind = \"none\" or \"private\""},
        {[](Settings& s) { s.devices = {{"lo", {}, {}}}; }, "device[0].name: 'lo' cannot be a network device that a server has"},
        {[](Settings& s) { s.devices = {{"eth1", {}, {}}, {"eth1", {}, {}}}; }, "device[1].name: 'eth1' is there twice"},
        {[](Settings& s) { s.network = without_addresses(NetworkKind::none), s.devices = {{"e", {}, {IpAddress::parse("192.0.2.1").value()}}}; },
         "device[0].gateways[0]: the device has no address of its family"},
        {[](Settings& s) { s.devices = {{"e", {NetworkAddress::parse("127.0.0.1/8").value()}, {}}}; },
         "device[0].addresses[0]: '127.0.0.1/8' cannot be a server's address"},
    });
}

TEST(SettingsCheck, addresses_and_uplink) {
    expect({
        {[](Settings& s) { s.network.addresses.push_back(address("192.0.2.10")); },
         "network.addresses[1]: '192.0.2.10' is there twice"},
        {[](Settings& s) { s.network.addresses.push_back(address("127.0.0.1")); },
         "network.addresses[1]: '127.0.0.1' cannot be a server's address: it is loopback, link-local, multicast or unspecified"},
        {[](Settings& s) { s.network.addresses.push_back(address("fe80::1")); },
         "network.addresses[1]: 'fe80::1' cannot be a server's address: it is loopback, link-local, multicast or unspecified"},
        {[](Settings& s) { s.network.nameservers = {address("9.9.9.9"), address("9.9.9.9")}; },
         "network.nameservers[1]: '9.9.9.9' is there twice"},
        {[](Settings& s) { s.network.uplink = "enp0s31f6.100"; }, ""},
        {[](Settings& s) { s.network.uplink = "eth/0"; }, "network.uplink: 'eth/0' cannot be a network device"},
        {[](Settings& s) { s.network.uplink = "eth0 "; }, "network.uplink: 'eth0 ' cannot be a network device"},
        {[](Settings& s) { s.network.uplink = ".."; }, "network.uplink: '..' cannot be a network device"},
        {[](Settings& s) { s.network.uplink = "sixteenletters16"; }, "network.uplink: 'sixteenletters16' cannot be a network device"},
    });
}

TEST(SettingsCheck, ports) {
    expect({
        {[](Settings& s) { s.network.ports = {port("80:80"), port("80:80/udp"), port("81:80")}; }, ""},
        {[](Settings& s) { s.network.ports = {port("1.1.1.1:80:80"), port("2.2.2.2:80:80")}; }, ""},
        {[](Settings& s) { s.network.ports = {port("80:80"), port("80:81")}; },
         "network.ports[1]: '80:81' takes the same port of the host as '80:80'"},
        {[](Settings& s) { s.network.ports = {port("1.1.1.1:80:80"), port("80:81")}; },
         "network.ports[1]: '80:81' takes the same port of the host as '1.1.1.1:80:80'"},
    });
}

TEST(SettingsCheck, limits) {
    expect({
        {[](Settings& s) { s.nice = -20; }, ""},
        {[](Settings& s) { s.nice = 19; }, ""},
        {[](Settings& s) { s.log.records = 0; }, "log.records: must be from 1 to 1073741824"},
        {[](Settings& s) { s.log.bytes = 4095; }, "log.bytes: must be from 4K to 1G"},
        {[](Settings& s) { s.log.keep = (16 << 20) - 1; }, "log.keep: must be from 16M to 1T"},
        {[](Settings& s) { s.log = {1, 4096, 16 << 20}; }, ""},
        {[](Settings& s) { s.nice = -21; }, "nice: must be from -20 to 19"},
        {[](Settings& s) { s.nice = 20; }, "nice: must be from -20 to 19"},
        {[](Settings& s) { s.limits.memory = 0; }, "limits.memory: must be from 4M to 1048576T"},
        {[](Settings& s) { s.limits.memory = ~0ULL; }, "limits.memory: must be from 4M to 1048576T"},
        {[](Settings& s) { s.limits.processes = 1ULL << 40; }, "limits.processes: must be at most 4194304, or 0 for no limit"},
        {[](Settings& s) { s.limits.network_namespaces = 1ULL << 31; }, "limits.network_namespaces: must be at most 2147483647, or 0 for no limit"},
        {[](Settings& s) { s.limits.cpu_weight = 0; }, "limits.cpu_weight: must be from 1 to 10000"},
        {[](Settings& s) { s.limits.cpu_weight = 10001; }, "limits.cpu_weight: must be from 1 to 10000"},
        {[](Settings& s) { s.limits.cpu_percent = 0; }, "limits.cpu_cap: must be from 1% to 1000000%"},
        {[](Settings& s) { s.limits.cpu_percent = 1'000'001; }, "limits.cpu_cap: must be from 1% to 1000000%"},
        {[](Settings& s) { s.stop_timeout = {}; }, "stop_timeout: must be from 1ms to 24h"},
        {[](Settings& s) { s.hook_timeout = std::chrono::hours(25); }, "hook_timeout: must be from 1ms to 24h"},
    });
}

TEST(SettingsCheck, ulimits) {
    expect({
        {[](Settings& s) { s.ulimits["nofile"] = {1, 1}; }, ""},
        {[](Settings& s) { s.ulimits["nofile"] = {1, std::nullopt}; }, ""},
        {[](Settings& s) { s.ulimits["nofile"] = {}; }, ""},
        {[](Settings& s) { s.ulimits["nofile"] = {2, 1}; }, "ulimits.nofile: the soft limit is above the hard one"},
        {[](Settings& s) { s.ulimits["nofile"] = {std::nullopt, 1}; }, "ulimits.nofile: the soft limit is above the hard one"},
    });
}

Service nginx() { return {.name = "web", .command = {"/usr/sbin/nginx"}, .user = "www-data", .restart = true}; }

TEST(SettingsCheck, services) {
    expect({
        {[](Settings& s) { s.services = {nginx()}; }, ""},
        {[](Settings& s) { s.services = {nginx()}, s.init = InitKind::services; }, ""},
        {[](Settings& s) { s.services = {nginx()}, s.init = InitKind::guest; },
         "service[0]: needs init = \"auto\" or \"services\": the guest's own init would not run it"},
        {[](Settings& s) { s.services = {nginx(), nginx()}; }, "service[1].name: 'web' is there twice"},
        {[](Settings& s) { s.services.resize(65, nginx()); }, "service: more than 64 services"},
    });
}

TEST(SettingsCheck, one_service) {
    auto with = [](auto change) {
        return [change](Settings& s) {
            s.services = {nginx()};
            change(s.services[0]);
        };
    };
    expect({
        {with([](Service& w) { w.user = "1000"; }), ""},
        {with([](Service& w) { w.user = "_apt"; }), ""},
        {with([](Service& w) { w.name = ""; }), "service[0].name: '' cannot be a service: use 1 to 63 of A-Z a-z 0-9 . _ -"},
        {with([](Service& w) { w.name = "a b"; }), "service[0].name: 'a b' cannot be a service: use 1 to 63 of A-Z a-z 0-9 . _ -"},
        {with([](Service& w) { w.command = {}; }), "service[0].command: is missing: name a program and its arguments"},
        {with([](Service& w) { w.command = {"nginx"}; }), ""},
        {with([](Service& w) { w.command = {""}; }), "service[0].command: '' is neither an absolute path nor a bare name"},
        {with([](Service& w) { w.command = {"bin/x"}; }), "service[0].command: 'bin/x' is neither an absolute path nor a bare name"},
        {with([](Service& w) { w.command.resize(65, "x"); }), "service[0].command: has more than 64 words"},
        {with([](Service& w) { w.user = ""; }), "service[0].user: '' is not a user"},
        {with([](Service& w) { w.user = "-1"; }), "service[0].user: '-1' is not a user"},
        {with([](Service& w) { w.user = "65536"; }), "service[0].user: '65536' is not a user"},
        {with([](Service& w) { w.user = "0x0"; }), "service[0].user: '0x0' is not a user"},
        {with([](Service& w) { w.user = "root:x"; }), "service[0].user: 'root:x' is not a user"},
    });
}

TEST(SettingsCheck, volumes) {
    expect({
        {[](Settings& s) { s.volumes = {"/a", "/ab", "/b/c", "/b/d"}; }, ""},
        {[](Settings& s) { s.volumes = {"/devices", "/proc2"}; }, ""},
        {[](Settings& s) { s.volumes = {"/"}; }, "volumes[0]: cannot be the root itself"},
        {[](Settings& s) { s.volumes = {""}; }, "volumes[0]: is missing"},
        {[](Settings& s) { s.volumes = {"/proc"}; }, "volumes[0]: '/proc' lies in /proc, which every server has of its own"},
        {[](Settings& s) { s.volumes = {"/sys/fs"}; }, "volumes[0]: '/sys/fs' lies in /sys, which every server has of its own"},
        {[](Settings& s) { s.volumes = {"/dev/shm"}; }, "volumes[0]: '/dev/shm' lies in /dev, which every server has of its own"},
        {[](Settings& s) { s.volumes = {"/a", "/a"}; }, "volumes[1]: '/a' is there twice"},
        {[](Settings& s) { s.volumes = {"/a", "/a/b"}; }, "volumes[1]: '/a/b' lies in '/a': one would hide the other"},
        {[](Settings& s) { s.volumes = {"/a/b", "/a"}; }, "volumes[1]: '/a' holds '/a/b': one would hide the other"},
    });
}

TEST(SettingsCheck, a_path_has_one_spelling) {
    for (std::string path : {"a", "./a", "/a/", "//a", "/a//b", "/a/.", "/a/../b", "/..", "/a\nb", "/a\x1b", "/a\xff"}) {
        auto settings = good();
        settings.volumes = {path};
        auto found = check_settings(settings);
        ASSERT_TRUE(found) << path;
        EXPECT_EQ(found->message, fmt::format("'{}' must be absolute, without '.', '..', doubled or final slashes", path));
    }
    auto settings = good();
    settings.volumes = {"/" + std::string(256, 'x')};
    EXPECT_TRUE(check_settings(settings));
    settings.volumes = {"/..a/b..", "/gr\xc3\xbc\xc3\x9f"};
    EXPECT_FALSE(check_settings(settings));
}

TEST(SettingsCheck, mounts) {
    auto with = [](auto change) {
        return [change](Settings& s) {
            s.mounts = {{.from = "/srv/data", .to = "/data", .writable = false, .owner = ""}};
            change(s, s.mounts[0]);
        };
    };
    expect({
        {with([](Settings&, HostMount&) {}), ""},
        {with([](Settings&, HostMount& m) { m.owner = "www-data"; }), ""},
        {with([](Settings&, HostMount& m) { m.owner = "-1"; }), "mount[0].owner: '-1' is not a user"},
        {with([](Settings&, HostMount& m) { m.from = ""; }), "mount[0].from: is missing"},
        {with([](Settings&, HostMount& m) { m.to = ""; }), "mount[0].to: is missing"},
        {with([](Settings&, HostMount& m) { m.from = "/"; }), "mount[0].from: cannot be the root itself"},
        {with([](Settings&, HostMount& m) { m.to = "/proc/sys"; }), "mount[0].to: '/proc/sys' lies in /proc, which every server has of its own"},
        {with([](Settings&, HostMount& m) { m.from = "/dev/mem"; }), "mount[0].from: '/dev/mem' lies in /dev, which every server has of its own"},
        {with([](Settings& s, HostMount&) { s.volumes = {"/data/x"}; }), "mount[0].to: '/data' holds '/data/x': one would hide the other"},
        {with([](Settings& s, HostMount& m) { s.mounts.push_back(m); }), "mount[1].to: '/data' is there twice"},
    });
}

// Each of these would let a server's root edit what its next start does on the host.
TEST(SettingsCheck, our_own_state_is_never_mapped_into_a_server) {
    expect({
        {[](Settings& s) { s.mounts = {{"/etc/vservers", "/x", false, ""}}; },
         "mount[0].from: '/etc/vservers' would show /etc/vservers to the server"},
        {[](Settings& s) { s.mounts = {{"/etc", "/x", false, ""}}; }, "mount[0].from: '/etc' would show /etc/vservers to the server"},
        {[](Settings& s) { s.mounts = {{"/var/lib/vservers/servers/b", "/x", false, ""}}; },
         "mount[0].from: '/var/lib/vservers/servers/b' would show /var/lib/vservers to the server"},
        {[](Settings& s) { s.mounts = {{"/run", "/x", false, ""}}; }, "mount[0].from: '/run' would show /run/vservers to the server"},
        {[](Settings& s) { s.mounts = {{"/etc/ssl", "/x", false, ""}}; }, ""},
    });
}

TEST(SettingsCheck, hooks) {
    expect({
        {[](Settings& s) { s.hooks = "/etc/vservers/hooks/web"; }, ""},
        {[](Settings& s) { s.hooks = "hooks/web"; },
         "hooks: 'hooks/web' must be absolute, without '.', '..', doubled or final slashes"},
    });
}

}  // namespace
}  // namespace vs::model
