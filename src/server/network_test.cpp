#include "server/network.hpp"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstring>

namespace vs::server {
namespace {

using model::IpAddress;
using model::NetworkKind;

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

model::NetworkSettings settings(const std::vector<std::string>& addresses, const std::vector<std::string>& ports = {}) {
    model::NetworkSettings wanted;
    for (const auto& text : addresses) wanted.addresses.push_back(address(text));
    for (const auto& text : ports) wanted.ports.push_back(model::PortRedirect::parse(text).value());
    return wanted;
}

HostNetworkFacts facts() {
    HostNetworkFacts found;
    found.uplink4 = Uplink{"eth0", 2, 1500, {address("192.0.2.1")}};
    found.uplink6 = Uplink{"tun0", 5, 1400, {address("2001:db8::1")}};
    found.uplinks = {"eth0", "tun0"};
    return found;
}

NetworkPlan plan(const model::NetworkSettings& wanted) { return plan_network(wanted, model::ServerNumber{7}, 3, facts()).value(); }

struct Message {
    nlmsghdr header{};
    std::string body;
};

std::vector<Message> messages(const std::vector<char>& row) {
    std::vector<Message> found;
    for (std::size_t at = 0; at < row.size(); at += found.back().header.nlmsg_len) {
        Message message;
        std::memcpy(&message.header, row.data() + at, sizeof message.header);
        message.body.assign(row.data() + at + sizeof(nlmsghdr), message.header.nlmsg_len - sizeof(nlmsghdr));
        found.push_back(message);
    }
    return found;
}

std::vector<Message> of_type(const std::vector<char>& row, int type) {
    std::vector<Message> found;
    for (auto& message : messages(row))
        if (message.header.nlmsg_type == type) found.push_back(std::move(message));
    return found;
}

TEST(plan_network, names_and_numbers_follow_from_server_and_generation) {
    auto made = plan(settings({"192.0.2.7"}));

    EXPECT_EQ(made.host_device(), "vs-107-3");
    EXPECT_EQ(made.host_index(), 0x40000000U + 3 * 4096 + 7);
    EXPECT_EQ(made.host_mac(), (sys::MacAddress{0x02, 'v', 's', 1, 0, 7}));
    EXPECT_EQ(made.guest_mac(), (sys::MacAddress{0x02, 'v', 's', 2, 0, 7}));
}

TEST(plan_network, device_names_fit_and_indexes_stay_positive_for_ever) {
    NetworkPlan last{.kind = NetworkKind::private_, .number = {model::ServerNumber::kMost}, .generation = ~0U};

    EXPECT_LE(last.host_device().size(), 15U);
    EXPECT_LE(last.host_index(), 0x7fffffffU);
    EXPECT_GE(last.host_index(), 0x40000000U);
}

TEST(plan_network, takes_only_the_uplinks_that_its_addresses_need) {
    EXPECT_EQ(plan(settings({"192.0.2.7"})).uplink6, std::nullopt);
    EXPECT_EQ(plan(settings({"2001:db8::7"})).uplink4, std::nullopt);
    EXPECT_EQ(plan(settings({"192.0.2.7", "2001:db8::7"})).uplink6->device, "tun0");
}

TEST(plan_network, a_server_without_addresses_has_no_cable) {
    EXPECT_FALSE(plan(settings({})).has_cable());
    auto none = settings({"192.0.2.7"});
    none.kind = NetworkKind::none;
    EXPECT_FALSE(plan(none).has_cable());
    EXPECT_TRUE(plan(settings({"192.0.2.7"})).has_cable());
}

TEST(plan_network, refuses_ports_that_lead_nowhere) {
    auto refused = [](const model::NetworkSettings& wanted) {
        auto made = plan_network(wanted, model::ServerNumber{7}, 3, facts());
        return !made && made.error().code == Code::usage;
    };

    EXPECT_TRUE(refused(settings({}, {"8080:80"})));
    EXPECT_TRUE(refused(settings({"192.0.2.7"}, {"[2001:db8::1]:8080:80"})));
    EXPECT_FALSE(refused(settings({"192.0.2.7"}, {"8080:80", "192.0.2.1:53:53/udp"})));
}

TEST(plan_network, refuses_ipv6_where_the_kernel_has_none) {
    auto found = facts();
    found.ipv6 = false;

    auto made = plan_network(settings({"2001:db8::7"}), model::ServerNumber{7}, 3, found);

    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Code::unsupported);
}

TEST(guest_row, host_network_needs_nothing_and_none_needs_loopback) {
    NetworkPlan host{.kind = NetworkKind::host}, none{.kind = NetworkKind::none};

    EXPECT_TRUE(guest_row(host).empty());
    EXPECT_EQ(messages(guest_row(none)).size(), 1U);
}

TEST(guest_row, clamps_the_default_route_to_the_wire_and_not_the_way_to_the_host) {
    auto routes = of_type(guest_row(plan(settings({"192.0.2.7", "192.0.2.8"}))), RTM_NEWROUTE);

    ASSERT_EQ(routes.size(), 2U);
    auto to_host = sys::attributes_behind<rtmsg>(routes[0].body), anywhere = sys::attributes_behind<rtmsg>(routes[1].body);
    EXPECT_EQ(sys::find_attribute(to_host, RTA_DST), address("192.0.2.1").bytes());
    EXPECT_EQ(sys::find_attribute(to_host, RTA_METRICS), std::nullopt);
    EXPECT_EQ(sys::find_attribute(anywhere, RTA_DST), std::nullopt);
    EXPECT_EQ(sys::find_attribute(anywhere, RTA_GATEWAY), address("169.254.1.1").bytes());
    EXPECT_EQ(sys::find_attribute(anywhere, RTA_PREFSRC), address("192.0.2.7").bytes());
    auto metrics = sys::find_attribute(anywhere, RTA_METRICS).value();
    EXPECT_EQ(sys::find_number(metrics, RTAX_MTU), 1500U);
    EXPECT_EQ(sys::find_number(metrics, RTAX_ADVMSS), 1460U);
}

TEST(guest_row, sets_up_devices_of_its_own_and_leaves_those_without_addresses) {
    NetworkPlan own{.kind = NetworkKind::none};
    own.devices = {{"eth1", {}, {}}, {"eth0", {model::NetworkAddress::parse("192.0.2.7/24").value()}, {model::IpAddress::parse("192.0.2.1").value()}}};
    auto row = guest_row(own);
    EXPECT_EQ(of_type(row, RTM_NEWADDR).size(), 1U);
    EXPECT_EQ(of_type(row, RTM_NEWROUTE).size(), 1U);
    EXPECT_EQ(of_type(row, RTM_NEWLINK).size(), 2U);  // loopback and eth0 up
    EXPECT_EQ(parse_plan(print_plan(own)).value(), own);
}

TEST(guest_row, gives_every_address_without_duplicate_detection) {
    auto addresses = of_type(guest_row(plan(settings({"192.0.2.7", "2001:db8::7"}))), RTM_NEWADDR);

    ASSERT_EQ(addresses.size(), 3U);  // and fe80::2
    for (const auto& message : addresses) {
        auto flags = sys::find_number(sys::attributes_behind<ifaddrmsg>(message.body), IFA_FLAGS).value_or(0);
        EXPECT_NE(flags & IFA_F_NODAD, 0U);
    }
    EXPECT_EQ(sys::find_attribute(sys::attributes_behind<ifaddrmsg>(addresses[1].body), IFA_LOCAL), address("192.0.2.7").bytes());
}

TEST(guest_row, knows_the_gateways_for_good) {
    auto neighbours = of_type(guest_row(plan(settings({"192.0.2.7", "2001:db8::7"}))), RTM_NEWNEIGH);

    ASSERT_EQ(neighbours.size(), 2U);
    for (const auto& message : neighbours) {
        ndmsg header{};
        std::memcpy(&header, message.body.data(), sizeof header);
        EXPECT_EQ(header.ndm_state, NUD_PERMANENT);
        EXPECT_EQ(sys::find_attribute(sys::attributes_behind<ndmsg>(message.body), NDA_LLADDR),
                  std::string_view("\x02vs\x01\0\x07", 6));
    }
}

TEST(parse_plan, reads_what_print_plan_wrote) {
    auto whole = plan(settings({"192.0.2.7", "2001:db8::7"}, {"8080:80", "192.0.2.1:53:53/udp"}));
    NetworkPlan none{.kind = NetworkKind::none, .number = {1}, .generation = 2, .ipv6 = false};

    EXPECT_EQ(parse_plan(print_plan(whole)).value(), whole);
    EXPECT_EQ(parse_plan(print_plan(none)).value(), none);
    EXPECT_EQ(parse_plan(print_plan(whole)).value().uplinks, (std::vector<std::string>{"eth0", "tun0"}));
    EXPECT_EQ(print_plan(whole).find('\n'), std::string::npos);
}

TEST(parse_plan, knows_who_is_shown_his_own_addresses_and_takes_older_states_for_the_hosts_view) {
    auto wanted = settings({"192.0.2.7"});
    EXPECT_FALSE(plan(wanted).has_own_view());
    wanted.kind = NetworkKind::bind;
    const auto bound = plan(wanted);
    EXPECT_TRUE(bound.has_own_view());
    EXPECT_EQ(parse_plan(print_plan(bound)).value(), bound);
    wanted.view = model::NetworkView::host;
    EXPECT_FALSE(plan(wanted).has_own_view());
    EXPECT_FALSE(parse_plan(print_plan(plan(wanted))).value().has_own_view());
}

TEST(parse_plan, refuses_nonsense) {
    for (const char* text : {"", "{", "[]", "17", R"({"addresses":["x"]})", R"({"kind":"private","ports":[3]})"})
        EXPECT_FALSE(parse_plan(text)) << text;
}

}  // namespace
}  // namespace vs::server
