#include <gtest/gtest.h>

#include "base/text.hpp"
#include "model/settings.hpp"
#include "model/settings_keys.hpp"

namespace vs::model {
namespace {

ServerName web1() { return ServerName::parse("web1").value(); }
IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

Settings small() {
    Settings settings;
    settings.image = "debian-12";
    settings.network.addresses = {address("192.0.2.10")};
    return settings;
}

Settings full() {
    auto settings = small();
    settings.host_name = "www";
    settings.domain_name = "example.org";
    settings.capabilities = CapabilitySet::from_bits(3);
    settings.volumes = {"/var/lib/postgresql", "/with \"quotes\" and \\"};
    settings.nice = -7;
    settings.user_namespaces = false;
    settings.secluded = true;
    settings.nesting = true;
    settings.firewall = true;
    settings.hooks = "/etc/vservers/hooks/web1";
    settings.stop_timeout = std::chrono::milliseconds(1500);
    settings.hook_timeout = std::chrono::seconds(7);
    settings.network.addresses.push_back(address("2001:db8::10"));
    settings.network.ports = {PortRedirect::parse("8080:80").value(), PortRedirect::parse("[2001:db8::1]:53:53/udp").value()};
    settings.network.nameservers = {address("192.0.2.53")};
    settings.network.uplink = "eth0";
    settings.limits = {.memory = (512ULL << 20) + 1, .processes = 0, .network_namespaces = 9, .cpu_weight = 7, .cpu_percent = 150};
    settings.ulimits = {{"nofile", {1024, 4096}}, {"core", {0, 0}}, {"stack", {}}, {"memlock", {65536, std::nullopt}}};
    settings.guard = {.frozen = {"/srv/www", "/home/*/bin"}, .growing = {"/srv/audit"}, .ignored = {"/etc/cups"}};
    settings.log = {.records = 7, .bytes = 8192, .keep = 64 << 20};
    settings.devices = {{"eth1", {NetworkAddress::parse("192.0.2.10/24").value()}, {}}, {"eth2", {}, {}}};
    settings.mounts = {{"/srv/a", "/a", true, "www-data"}, {"/srv/b", "/b", false, ""}};
    settings.services = {{"web", {"/bin/sh", "-c", "echo '\t\x01';\nexec web"}, "www-data", false}, {"b", {"/b"}, "root", true}};
    return settings;
}

/// The same text is the same settings: the printer writes every member.
TEST(SettingsPrint, what_is_printed_reads_as_the_same) {
    for (const auto& settings : {small(), full()}) {
        auto text = print_settings(settings, web1());
        auto read = parse_settings(text, "f");
        ASSERT_TRUE(read) << read.error().message() << "\n" << text;
        EXPECT_EQ(print_settings(*read, web1()), text);
    }
}

TEST(SettingsPrint, nothing_is_lost_on_the_way) {
    auto read = parse_settings(print_settings(full(), web1()), "f").value();
    auto given = full();
    EXPECT_EQ(read.volumes, given.volumes);
    EXPECT_EQ(read.capabilities, given.capabilities);
    EXPECT_EQ(read.stop_timeout, given.stop_timeout);
    EXPECT_EQ(read.network.ports, given.network.ports);
    EXPECT_EQ(read.limits.memory, given.limits.memory);
    EXPECT_EQ(read.limits.processes, 0U);
    EXPECT_EQ(read.limits.network_namespaces, 9U);
    EXPECT_EQ(read.guard.frozen, given.guard.frozen);
    EXPECT_EQ(read.guard.growing, given.guard.growing);
    EXPECT_EQ(read.guard.ignored, given.guard.ignored);
    EXPECT_EQ(read.log.records, 7U);
    EXPECT_EQ(read.log.bytes, 8192U);
    EXPECT_EQ(read.log.keep, 64U << 20);
    EXPECT_EQ(read.ulimits.size(), 4U);
    EXPECT_EQ(read.ulimits.at("memlock").soft, 65536U);
    EXPECT_FALSE(read.ulimits.at("memlock").hard);
    EXPECT_EQ(read.devices.at(0).addresses, given.devices.at(0).addresses);
    EXPECT_EQ(read.devices.at(1).name, "eth2");
    EXPECT_TRUE(read.mounts.at(0).writable);
    EXPECT_FALSE(read.mounts.at(1).writable);
    EXPECT_EQ(read.services.at(0).command, given.services.at(0).command);
    EXPECT_FALSE(read.services.at(0).restart);
}

TEST(SettingsPrint, every_capability_set_survives) {
    auto guest = CapabilitySet::guest_default();
    auto less = guest, more = guest;
    less.remove(13);
    more.add(16);
    for (auto set : {guest, less, more, CapabilitySet(), CapabilitySet::from_bits(1)}) {
        auto settings = small();
        settings.capabilities = set;
        EXPECT_EQ(parse_settings(print_settings(settings, web1()), "f").value().capabilities, set);
    }
}

TEST(SettingsPrint, a_default_is_shown_commented_out) {
    auto text = print_settings(small(), web1());
    EXPECT_NE(text.find("\nimage = \"debian-12\"\n"), std::string::npos);
    EXPECT_NE(text.find("\n#nice = 0\n"), std::string::npos);
    EXPECT_NE(text.find("\n#kind = \"private\"\n"), std::string::npos);
    EXPECT_NE(text.find("\naddresses = [\"192.0.2.10\"]\n"), std::string::npos);
    EXPECT_NE(text.find("\n#[[mount]]\n"), std::string::npos);
}

TEST(SettingsPrint, the_example_shows_every_key) {
    auto text = print_settings(small(), web1());
    for (const auto& key : all_keys()) {
        if (key.starts_with("ulimits.")) continue;  // one of them stands for all
        auto name = key.substr(key.rfind('.') + 1);
        EXPECT_TRUE(text.find("\n#" + name + " = ") != std::string::npos || text.find("\n" + name + " = ") != std::string::npos) << key;
    }
}

/// Whoever takes away every "#" that stands before a key or a table gets a file that is right.
TEST(SettingsPrint, the_example_is_right_when_it_is_uncommented) {
    std::string text = print_settings(small(), web1()), uncommented;
    for (auto line : base::split(text, '\n')) {
        bool example = line.size() > 1 && line[0] == '#' && line[1] != ' ';
        uncommented += std::string(line.substr(example ? 1 : 0)) + "\n";
    }
    auto settings = parse_settings(uncommented, "f");
    ASSERT_TRUE(settings) << settings.error().message() << "\n" << uncommented;
    EXPECT_EQ(settings->services.size(), 1U);
    EXPECT_EQ(settings->mounts.size(), 1U);
}

}  // namespace
}  // namespace vs::model
