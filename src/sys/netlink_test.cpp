#include "sys/netlink.hpp"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <cstring>

#include "sys/nft.hpp"
#include "sys/route.hpp"

namespace vs::sys {
namespace {

std::string_view view(const std::vector<char>& bytes) { return {bytes.data(), bytes.size()}; }

nlmsghdr header_at(const std::vector<char>& bytes, std::size_t offset) {
    nlmsghdr header{};
    std::memcpy(&header, bytes.data() + offset, sizeof header);
    return header;
}

TEST(MessageRow, numbers_its_messages_and_asks_for_the_last_answer_only) {
    MessageRow row;
    row.begin(RTM_NEWLINK, 0, bytes_of(ifinfomsg{}), "one");
    row.begin(RTM_NEWROUTE, NLM_F_CREATE, bytes_of(rtmsg{}), "two");

    const auto& bytes = row.finish(7);

    auto first = header_at(bytes, 0), second = header_at(bytes, first.nlmsg_len);
    EXPECT_EQ(first.nlmsg_seq, 7U);
    EXPECT_EQ(first.nlmsg_flags, NLM_F_REQUEST);
    EXPECT_EQ(second.nlmsg_seq, 8U);
    EXPECT_EQ(second.nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK);
    EXPECT_EQ(first.nlmsg_len + second.nlmsg_len, bytes.size());
    EXPECT_EQ(row.answered(), 1U);
}

TEST(MessageRow, keeps_an_answer_that_was_asked_for_elsewhere) {
    MessageRow row;
    row.begin(RTM_NEWLINK, NLM_F_ACK, bytes_of(ifinfomsg{}), "one");
    row.begin(RTM_NEWLINK, 0, bytes_of(ifinfomsg{}), "two");

    const auto& bytes = row.finish();

    EXPECT_EQ(row.answered(), 0U);
    EXPECT_EQ(header_at(bytes, header_at(bytes, 0).nlmsg_len).nlmsg_flags & NLM_F_ACK, 0);
}

TEST(MessageRow, pads_attributes_but_not_their_lengths) {
    MessageRow row;
    row.begin(RTM_NEWLINK, 0, bytes_of(ifinfomsg{}), "one");
    row.text(IFLA_IFNAME, "eth0");
    row.number(IFLA_MTU, std::uint32_t{1500});

    auto attributes = attributes_behind<ifinfomsg>(view(row.finish()).substr(sizeof(nlmsghdr)));

    EXPECT_EQ(find_attribute(attributes, IFLA_IFNAME), std::string_view("eth0\0", 5));
    EXPECT_EQ(find_number(attributes, IFLA_MTU), 1500U);
    EXPECT_EQ(find_attribute(attributes, IFLA_ADDRESS), std::nullopt);
}

TEST(MessageRow, nests_to_any_depth) {
    MessageRow row;
    row.begin(RTM_NEWLINK, 0, bytes_of(ifinfomsg{}), "one");
    row.nested(IFLA_LINKINFO, [&] {
        row.nested(IFLA_INFO_DATA, [&] { row.number(3, std::uint32_t{42}); });
        row.text(IFLA_INFO_KIND, "veth");
    });
    row.number(IFLA_MTU, std::uint32_t{9000});

    auto attributes = attributes_behind<ifinfomsg>(view(row.finish()).substr(sizeof(nlmsghdr)));
    auto info = find_attribute(attributes, IFLA_LINKINFO).value();

    EXPECT_EQ(find_number(find_attribute(info, IFLA_INFO_DATA).value(), 3), 42U);
    EXPECT_EQ(find_attribute(info, IFLA_INFO_KIND), std::string_view("veth\0", 5));
    EXPECT_EQ(find_number(attributes, IFLA_MTU), 9000U);
}

TEST(find_attribute, stops_at_nonsense) {
    EXPECT_EQ(find_attribute(std::string_view("\x02\0\x01\0", 4), 1), std::nullopt);    // shorter than its own head
    EXPECT_EQ(find_attribute(std::string_view("\x40\0\x01\0", 4), 1), std::nullopt);    // longer than the message
    EXPECT_EQ(find_attribute("ab", 1), std::nullopt);
    EXPECT_EQ(find_number(std::string_view("\x05\0\x01\0x\0\0\0", 8), 1), std::nullopt);  // no number
}

TEST(concatenate, pads_every_part_to_four_bytes) {
    EXPECT_EQ(nft::concatenate({"\x06", std::string_view("\0P", 2), "abcd"}), std::string("\x06\0\0\0\0P\0\0abcd", 12));
}

// Questions need no privilege, and every namespace has a loopback device.

TEST(NetlinkSocket, asks_about_devices) {
    auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    ASSERT_TRUE(socket);

    auto loopback = device_by_index(*socket, 1);

    ASSERT_TRUE(loopback && *loopback);
    EXPECT_EQ((*loopback)->name, "lo");
    auto named = device_by_name(*socket, "lo");
    ASSERT_TRUE(named && *named);
    EXPECT_EQ((*named)->index, 1U);
}

TEST(NetlinkSocket, knows_nothing_of_what_is_not_there) {
    auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    ASSERT_TRUE(socket);

    EXPECT_EQ(device_by_index(*socket, 0x7ffffff0).value().has_value(), false);
    EXPECT_EQ(device_by_name(*socket, "no-such-dev").value().has_value(), false);
    EXPECT_EQ(device_by_name(*socket, "longer-than-any-device").value().has_value(), false);
}

TEST(NetlinkSocket, names_the_refused_messages_of_a_row) {
    auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    ASSERT_TRUE(socket);
    MessageRow row;
    set_up(row, 0x7ffffff0, Arp::on);
    set_up(row, 0x7ffffff1, Arp::on);

    auto refusals = socket->send(row);

    ASSERT_TRUE(refusals);
    ASSERT_EQ(refusals->size(), 2U);  // no such device, or no right to change one
    EXPECT_EQ((*refusals)[1].index, 1U);
    EXPECT_NE((*refusals)[1].error.message().find("device number 2147483633 up: "), std::string::npos);
    auto bytes = row.finish();
    EXPECT_EQ(raw::send_route_row(bytes.data(), bytes.size()), -(*refusals)[0].error.errno_value);
}

TEST(route_to, tells_local_addresses) {
    auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    ASSERT_TRUE(socket);

    auto route = route_to(*socket, std::string_view("\x7f\0\0\x01", 4));

    ASSERT_TRUE(route && *route);
    EXPECT_EQ((*route)->kind, RouteAnswer::Kind::local);
}

}  // namespace
}  // namespace vs::sys
