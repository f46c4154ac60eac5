#include "server/network_facts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "server/network.hpp"
#include "server/plugged_device.hpp"
#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/process.hpp"

namespace vs::server {
namespace {

void on_own_network(const std::function<void()>& body) { sys::on_empty_machine(body, CLONE_NEWNET); }

using model::IpAddress;
using model::NetworkKind;

IpAddress address(const char* text) { return IpAddress::parse(text).value(); }

model::NetworkSettings settings(NetworkKind kind, const std::vector<const char*>& addresses = {}) {
    model::NetworkSettings wanted;
    wanted.kind = kind;
    for (const auto* text : addresses) wanted.addresses.push_back(address(text));
    return wanted;
}

/// eth0 with a default route of IPv4, on a machine of its own.
struct Host {
    Host() {
        eth0.add("192.0.2.1/24");
        eth0.add("2001:db8::1/64");
        eth0.add("169.254.7.7/16");
        eth0.route("0.0.0.0/0", "192.0.2.254");
    }
    PluggedDevice eth0{"eth0", 10};
    HostNetwork network = HostNetwork::open().value();
};

TEST(HostNetworkFacts, the_uplink_is_where_the_default_route_leads_with_what_servers_may_talk_to) {
    on_own_network([] {
        Host host;
        auto facts = host.network.facts(settings(NetworkKind::private_)).value();
        ASSERT_TRUE(facts.uplink4);
        EXPECT_EQ(*facts.uplink4, (Uplink{"eth0", 10, 1500, {address("192.0.2.1")}})) << "a link-local address is nobody's";
        ASSERT_TRUE(facts.uplink6) << "a family without a default route shares the other's wire";
        EXPECT_EQ(facts.uplink6->addresses, std::vector{address("2001:db8::1")});
        EXPECT_EQ(facts.uplinks, std::vector<std::string>{"eth0"});
    });
}

TEST(HostNetworkFacts, a_server_may_leave_by_each_device_that_its_addresses_are_behind) {
    on_own_network([] {
        Host host;
        PluggedDevice eth1("eth1", 11);
        eth1.add("198.51.100.1/24");
        PluggedDevice cable("vs-101-4", 12);
        cable.route("203.0.113.9/32");
        auto facts = host.network.facts(settings(NetworkKind::private_, {"198.51.100.7", "203.0.113.9"})).value();
        EXPECT_EQ(facts.uplinks, (std::vector<std::string>{"eth0", "eth1"})) << "another server's cable is no way out";
    });
}

TEST(HostNetworkFacts, the_settings_name_the_uplink_and_it_has_to_be_there) {
    on_own_network([] {
        Host host;
        PluggedDevice eth1("eth1", 11);
        auto wanted = settings(NetworkKind::private_);
        wanted.uplink = "eth1";
        EXPECT_EQ(host.network.facts(wanted).value().uplink4->device, "eth1");
        EXPECT_EQ(host.network.facts(wanted).value().uplinks, (std::vector<std::string>{"eth0", "eth1"}));
        wanted.uplink = "eth9";
        auto missing = host.network.facts(wanted);
        ASSERT_FALSE(missing);
        EXPECT_EQ(missing.error().code, Code::usage);
        EXPECT_EQ(missing.error().message(), "uplink: this host has no network device 'eth9'");
    });
}

TEST(HostNetworkFacts, a_host_without_a_network_has_no_uplink) {
    on_own_network([] {
        auto network = HostNetwork::open().value();
        auto facts = network.facts(settings(NetworkKind::private_, {"192.0.2.7"})).value();
        EXPECT_FALSE(facts.uplink4 || facts.uplink6);
        EXPECT_TRUE(facts.uplinks.empty());
    });
}

TEST(HostNetworkFacts, only_kind_bind_is_told_what_the_host_has_and_nothing_that_servers_have) {
    on_own_network([] {
        Host host;
        host.eth0.add("192.0.2.9/32", sys::kRouteProtocol);
        EXPECT_TRUE(host.network.facts(settings(NetworkKind::private_)).value().own.empty());
        auto own = host.network.facts(settings(NetworkKind::bind)).value().own;
        EXPECT_NE(std::ranges::find(own, address("192.0.2.1")), own.end());
        EXPECT_EQ(std::ranges::find(own, address("192.0.2.9")), own.end()) << "an alias of another server";
        EXPECT_FALSE(host.network.facts(settings(NetworkKind::none)).value().uplink4);
    });
}

NetworkPlan planned(HostNetwork& network, const model::NetworkSettings& wanted) {
    return plan_network(wanted, {7}, 3, network.facts(wanted).value()).value();
}

TEST(AddressesInUse, tells_the_hosts_from_those_of_servers_and_none_from_its_own_earlier_start) {
    on_own_network([] {
        Host host;
        PluggedDevice other("vs-108-1", 11), earlier("vs-107-2", 12), lookalike("vs-9999-1", 13);
        other.route("203.0.113.8/32");
        earlier.route("203.0.113.7/32");
        lookalike.route("203.0.113.6/32");
        auto plan = planned(host.network, settings(NetworkKind::private_, {"192.0.2.1", "192.0.2.77", "203.0.113.8", "203.0.113.7", "203.0.113.6"}));

        auto conflicts = host.network.addresses_in_use(plan).value();
        ASSERT_EQ(conflicts.size(), 2U);
        EXPECT_EQ(conflicts[0].address, address("192.0.2.1"));
        EXPECT_EQ(conflicts[0].context, std::nullopt);
        EXPECT_EQ(conflicts[1].address, address("203.0.113.8"));
        EXPECT_EQ(conflicts[1].device, "vs-108-1");
        EXPECT_EQ(conflicts[1].context, 108U);
    });
}

TEST(AddressesInUse, kind_bind_takes_the_hosts_own_but_not_another_servers_alias) {
    on_own_network([] {
        Host host;
        host.eth0.add("192.0.2.9/32", sys::kRouteProtocol);
        auto wanted = settings(NetworkKind::bind, {"192.0.2.1", "192.0.2.9", "192.0.2.50"});
        auto plan = planned(host.network, wanted);
        auto conflicts = host.network.addresses_in_use(plan).value();
        ASSERT_EQ(conflicts.size(), 1U);
        EXPECT_EQ(conflicts[0].address, address("192.0.2.9"));
        EXPECT_EQ(conflicts[0].device, "eth0");
    });
}

TEST(leads_to_server, is_true_of_the_cable_of_a_server_only) {
    on_own_network([] {
        Host host;
        PluggedDevice cable("vs-100-1", 11);
        cable.route("203.0.113.8/32");
        auto socket = sys::NetlinkSocket::open(0).value();
        EXPECT_TRUE(leads_to_server(socket, address("203.0.113.8")).value());
        EXPECT_FALSE(leads_to_server(socket, address("192.0.2.77")).value());
        EXPECT_FALSE(leads_to_server(socket, address("192.0.2.1")).value()) << "the host itself";
        EXPECT_FALSE(leads_to_server(socket, address("2001:db8:1::1")).value()) << "nowhere";
    });
}

std::string sysctl(const std::string& name) { return sys::read_kernel_file(sys::kHere, "/proc/sys/net/" + name).value_or("?"); }

TEST(HostNetwork, prepares_what_servers_share_once_and_says_so_while_it_is_there) {
    on_own_network([] {
        Host host;
        auto plan = planned(host.network, settings(NetworkKind::private_, {"192.0.2.7"}));
        EXPECT_FALSE(host.network.has_rules().value());
        EXPECT_EQ(sysctl("ipv4/conf/eth0/forwarding"), "0");

        for (int i = 0; i < 2; ++i) ASSERT_TRUE(host.network.prepare(plan)) << "twice is no error";
        EXPECT_TRUE(host.network.has_rules().value());
        EXPECT_EQ(sysctl("ipv4/conf/eth0/forwarding"), "1");
        EXPECT_EQ(sysctl("ipv4/neigh/eth0/proxy_delay"), "0");
        EXPECT_EQ(host.network.closed_uplinks({"eth0", "eth1"}).value(), std::vector<std::string>{"eth1"});
        EXPECT_TRUE(examine_network({plan}).value().empty());
    });
}

TEST(HostNetwork, rules_that_somebody_has_flushed_are_told_and_brought_back) {
    on_own_network([] {
        Host host;
        auto wanted = settings(NetworkKind::private_, {"192.0.2.7"});
        wanted.ports = {model::PortRedirect::parse("8080:80").value()};
        auto plan = planned(host.network, wanted);
        ASSERT_TRUE(host.network.prepare(plan));
        ASSERT_TRUE(sys::run_checked({"nft", "flush", "ruleset"}, {}));
        ASSERT_TRUE(sys::write_kernel_file(sys::kHere, "/proc/sys/net/ipv4/conf/eth0/forwarding", "0"));

        auto findings = examine_network({plan}).value();
        ASSERT_EQ(findings.size(), 2U);
        EXPECT_EQ(findings[0].remedy, "vserver repair");
        EXPECT_EQ(findings[1].remedy, "sysctl -w net/ipv4/conf/eth0/forwarding=1");
        EXPECT_EQ(examine_network({plan, plan}).value().size(), 2U) << "a device is told once";

        ASSERT_TRUE(host.network.restore_rules({plan}));
        EXPECT_TRUE(examine_network({plan}).value().empty());
        EXPECT_NE(sys::run_checked({"nft", "list", "ruleset"}, {}).value().find("192.0.2.7"), std::string::npos) << "its port";
    });
}

TEST(HostNetwork, a_default_route_that_leads_elsewhere_since_is_told_with_the_line_that_mends_it) {
    on_own_network([] {
        Host host;
        PluggedDevice eth1("eth1", 11);
        eth1.add("198.51.100.1/24");
        auto plan = planned(host.network, settings(NetworkKind::private_, {"192.0.2.7"}));
        ASSERT_TRUE(host.network.prepare(plan));
        ASSERT_TRUE(sys::run_checked({"ip", "route", "replace", "default", "via", "198.51.100.254"}, {}));
        auto findings = examine_network({plan}).value();
        ASSERT_EQ(findings.size(), 1U);
        EXPECT_EQ(findings[0].remedy, "nft 'add element inet vserver uplinks { \"eth1\" }'");
        auto words = findings[0].remedy.substr(5, findings[0].remedy.size() - 6);
        ASSERT_TRUE(sys::run_checked({"nft", words}, {})) << "the line works as it is said";
        EXPECT_TRUE(examine_network({plan}).value().empty());
    });
}

struct Firewall {
    const char* rules;
    const char* remedy;  ///< nullptr: it keeps nobody off the wire
};
constexpr Firewall kFirewalls[] = {
    {"table ip filter {\nchain FORWARD { type filter hook forward priority 0; policy drop; }\n}\n",
     "iptables -I FORWARD -i vs-+ -j ACCEPT; iptables -I FORWARD -o vs-+ -j ACCEPT"},
    {"table ip6 filter {\nchain FORWARD { type filter hook forward priority 0; policy drop; }\n}\n",
     "ip6tables -I FORWARD -i vs-+ -j ACCEPT; ip6tables -I FORWARD -o vs-+ -j ACCEPT"},
    {"table inet filter {\nchain FORWARD { type filter hook forward priority 0; policy drop; }\n}\n",
     "nft 'insert rule inet filter FORWARD iifname \"vs-*\" accept; insert rule inet filter FORWARD oifname \"vs-*\" accept'"},
    {"table inet mine {\nchain onward { type filter hook forward priority 0; policy drop; iifname \"vs-*\" accept; }\n}\n",
     "nft 'insert rule inet mine onward iifname \"vs-*\" accept; insert rule inet mine onward oifname \"vs-*\" accept'"},
    {"table inet mine {\nchain onward { type filter hook forward priority 0; policy drop; iifname \"vs-*\" drop; oifname \"vs-*\" accept; }\n}\n",
     "nft 'insert rule inet mine onward iifname \"vs-*\" accept; insert rule inet mine onward oifname \"vs-*\" accept'"},
    {"table inet mine {\nchain onward { type filter hook forward priority 0; policy drop; iifname \"vs-*\" accept; oifname \"vs-*\" accept; }\n}\n", nullptr},
    {"table inet mine {\nchain onward { type filter hook forward priority 0; policy accept; }\n}\n", nullptr},
    {"table inet mine {\nchain inward { type filter hook input priority 0; policy drop; }\n}\n", nullptr},
};

TEST(examine_network, a_foreign_firewall_that_drops_what_servers_send_is_told_with_the_line_that_mends_it) {
    on_own_network([] {
        for (const auto& firewall : kFirewalls) {
            ASSERT_TRUE(sys::run_checked({"nft", "flush", "ruleset"}, {}));
            ASSERT_TRUE(sys::run_checked({"nft", "-f", "-"}, {.input = firewall.rules})) << firewall.rules;
            auto findings = examine_network({}).value();
            ASSERT_EQ(findings.size(), firewall.remedy == nullptr ? 0U : 1U) << firewall.rules;
            EXPECT_EQ(findings.empty() ? "" : findings[0].remedy, firewall.remedy == nullptr ? "" : firewall.remedy);
        }
    });
}

}  // namespace
}  // namespace vs::server
