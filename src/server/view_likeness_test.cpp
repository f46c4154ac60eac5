#include "server/view_likeness.hpp"

#include <gtest/gtest.h>

namespace vs::server {
namespace {

using model::IpAddress;

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

/// A host with two wires and a tunnel; the servers' addresses are those with a whole prefix.
HostAddresses host() {
    return {{{"127.0.0.1", "", 8, 1, 0}, {"::1", "", 128, 1, 0},
             {"192.0.2.1", "", 24, 2, 0}, {"198.51.100.1", "", 24, 2, 0}, {"192.0.2.7", "", 32, 2, 118}, {"2001:db8::1", "", 64, 2, 0},
             {"2001:db8::7", "", 128, 2, 118}, {"fe80::1", "", 64, 2, 0},
             {"203.0.113.1", "", 25, 3, 0}, {"203.0.113.7", "", 25, 3, 0}, {"10.0.0.1", "", 32, 5, 0}},
            {{"192.0.2.254", 2}, {"203.0.113.126", 3}, {"192.0.2.253", 2}, {"fe80::ff", 2}, {"2001:db8:1::1", 3}}};
}

std::vector<ShownDevice> shown(const std::vector<std::string>& own) {
    std::vector<IpAddress> addresses;
    for (const auto& text : own) addresses.push_back(address(text));
    return choose_shown(host(), addresses);
}

/// "destination via gateway from source", or without the middle on the link.
std::vector<std::string> routes(const ShownDevice& device) {
    std::vector<std::string> lines;
    for (const auto& route : device.routes)
        lines.push_back(route.destination.text() + (route.gateway ? " via " + route.gateway->text() : "") + " from " + route.source.text());
    return lines;
}

std::vector<std::string> addresses(const ShownDevice& device) {
    std::vector<std::string> lines;
    for (const auto& own : device.addresses) lines.push_back(own.text());
    return lines;
}

using Lines = std::vector<std::string>;

TEST(ViewLikeness, has_the_devices_of_the_servers_addresses_and_no_other_address) {
    const auto one = shown({"192.0.2.7", "2001:db8::7"});
    ASSERT_EQ(one.size(), 1U);
    EXPECT_EQ(one[0].device.index, 2U);
    EXPECT_EQ(addresses(one[0]), (Lines{"192.0.2.7/32", "2001:db8::7/128"}));
    const auto two = shown({"192.0.2.7", "203.0.113.7"});
    ASSERT_EQ(two.size(), 2U);
    EXPECT_EQ(addresses(two[1]), (Lines{"203.0.113.7/25"}));
    EXPECT_TRUE(shown({"192.0.2.99"}).empty());
}

TEST(ViewLikeness, reaches_its_neighbours_on_the_link_and_one_gateway_of_each_family) {
    EXPECT_EQ(routes(shown({"192.0.2.7", "2001:db8::7"})[0]),
              (Lines{"192.0.2.0/24 from 192.0.2.7", "2001:db8::/64 from 2001:db8::7", "0.0.0.0/0 via 192.0.2.254 from 192.0.2.7",
                     "::/0 via fe80::ff from 2001:db8::7"}));
}

TEST(ViewLikeness, adds_no_network_that_an_address_brings_itself) {
    EXPECT_EQ(routes(shown({"203.0.113.7"})[0]), (Lines{"0.0.0.0/0 via 203.0.113.126 from 203.0.113.7"}));
}

TEST(ViewLikeness, tells_of_a_gateway_beyond_its_networks_that_it_is_on_the_link) {
    auto far = host();
    far.addresses.push_back({"2001:db8:2::7", "", 128, 3, 118});
    EXPECT_EQ(routes(choose_shown(far, {address("2001:db8:2::7")})[0]),
              (Lines{"2001:db8:1::1/128 from 2001:db8:2::7", "::/0 via 2001:db8:1::1 from 2001:db8:2::7"}));
}

TEST(ViewLikeness, knows_no_way_by_a_family_that_the_server_has_not) {
    EXPECT_EQ(routes(shown({"192.0.2.7"})[0]), (Lines{"192.0.2.0/24 from 192.0.2.7", "0.0.0.0/0 via 192.0.2.254 from 192.0.2.7"}));
    EXPECT_TRUE(routes(shown({"10.0.0.1"})[0]).empty());
}

}  // namespace
}  // namespace vs::server
