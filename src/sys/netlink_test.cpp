#include "sys/netlink.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/dice.hpp"
#include "sys/device_state.hpp"
#include "sys/link.hpp"
#include "sys/nft.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/process.hpp"
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

/// What a server's root can send in its own network, where our questions are asked about it.
void forge(std::uint32_t port, std::uint32_t number, std::uint16_t type, std::string_view payload) {
    MessageRow row;
    row.begin(type, 0, payload, "forged");
    const auto& bytes = row.number(number);
    Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    sockaddr_nl to{};
    to.nl_family = AF_NETLINK;
    to.nl_pid = port;
    ASSERT_EQ(::sendto(socket.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to), static_cast<ssize_t>(bytes.size()));
}

TEST(NetlinkSocket, only_the_kernel_answers) {
    in_own_namespaces(CLONE_NEWNET, [] {
        auto socket = NetlinkSocket::open(NETLINK_ROUTE).value();
        ASSERT_TRUE(device_by_index(socket, 1));  // question 1; the socket's port is our pid from here on
        const auto port = static_cast<std::uint32_t>(::getpid());
        forge(port, 2, NLMSG_DONE, std::string_view("\0\0\0\0", 4));
        EXPECT_EQ(links(socket).value().size(), 1U) << "a list that a stranger ends is not empty";

        nlmsgerr refusal{};
        refusal.error = -ENODEV;
        forge(port, 3, NLMSG_ERROR, bytes_of(refusal));
        EXPECT_TRUE(device_by_index(socket, 1).value()) << "a device that he says is not there";

        MessageRow row;
        set_up(row, 1, Arp::on);
        refusal.error = 0;
        forge(port, 4, NLMSG_ERROR, bytes_of(refusal));
        ASSERT_TRUE(socket.run(row));
        EXPECT_TRUE(links(socket).value()[0].up);
    });
}

TEST(find_attribute, no_text_of_a_strangers_leads_beyond_its_end) {
    base::Dice dice(1);
    MessageRow row;
    row.begin(RTM_NEWLINK, 0, bytes_of(ifinfomsg{}), "one");
    row.text(IFLA_IFNAME, "eth0");
    row.nested(IFLA_LINKINFO, [&] { row.text(IFLA_INFO_KIND, "veth"); });
    row.number(IFLA_MTU, std::uint32_t{9000});
    const std::string whole(attributes_behind<ifinfomsg>(view(row.finish()).substr(sizeof(nlmsghdr))));
    for (int i = 0; i < 3000; ++i) {
        const auto text = dice.damage(whole);
        for (std::uint16_t type : {IFLA_IFNAME, IFLA_LINKINFO, IFLA_MTU}) {
            auto found = find_attribute(text, type);
            if (!found) continue;
            EXPECT_TRUE(found->data() >= text.data() && found->data() + found->size() <= text.data() + text.size());
            (void)find_attribute(*found, IFLA_INFO_KIND);
        }
    }
    EXPECT_TRUE(attributes_behind<ifinfomsg>("short").empty());
}

/// Two ends of a cable, one of them in another network.
struct PluggedIn {
    PluggedIn() {
        MessageRow row;
        add_cable(row, {.near = {"near", 20, {2, 0, 0, 0, 0, 1}}, .far = {"far", 30, {2, 0, 0, 0, 0, 2}}, .mtu = 1400, .far_namespace = other.get()});
        set_up(row, 20, Arp::on);
        add_address(row, {.address = std::string_view("\xc0\0\2\1", 4), .prefix = 24, .index = 20, .origin = kRouteProtocol});
        auto sent = socket.run(row);
        EXPECT_TRUE(sent) << sent.error().message();
    }
    NamespaceFd other = make_network_namespace().value();
    NetlinkSocket socket = NetlinkSocket::open(NETLINK_ROUTE).value();
};

TEST(Routes, what_was_made_is_what_the_kernel_says) {
    in_own_namespaces(CLONE_NEWNET, [] {
        PluggedIn cable;
        auto near = device_by_name(cable.socket, "near").value().value();
        EXPECT_EQ(near.index, 20U);
        EXPECT_EQ(near.mtu, 1400U);
        auto there = NetlinkSocket::open_in(cable.other, NETLINK_ROUTE).value();
        EXPECT_EQ(device_by_index(there, 30).value()->name, "far");
        EXPECT_FALSE(device_by_name(cable.socket, "far").value()) << "it is in the other network";

        auto all = links(cable.socket).value();
        auto link = std::ranges::find(all, "near", &Link::name);
        ASSERT_NE(link, all.end());
        EXPECT_EQ(link->kind, "veth");
        EXPECT_TRUE(link->up);
        EXPECT_EQ(link->master, 0U);

        auto own = own_addresses(cable.socket).value();
        auto address = std::ranges::find(own, "192.0.2.1", &OwnAddress::address);
        ASSERT_NE(address, own.end());
        EXPECT_EQ(address->prefix, 24);
        EXPECT_EQ(address->index, 20U);
        EXPECT_EQ(address->origin, kRouteProtocol);
        EXPECT_EQ(address->broadcast, "");
    });
}

TEST(Routes, lead_where_they_were_told_and_nowhere_once_removed) {
    in_own_namespaces(CLONE_NEWNET, [] {
        PluggedIn cable;
        auto send = [&](auto add) {
            MessageRow row;
            add(row);
            return cable.socket.run(row);
        };
        const std::string host("\xc6\x33\x64\7", 4), gateway("\xc0\0\2\2", 4), anywhere(4, '\0');
        auto kind = [&](const std::string& to) { return route_to(cable.socket, to).value(); };
        EXPECT_FALSE(kind(host)) << "no route";
        const Route direct{.destination = host, .prefix = 32, .index = 20, .gateway = {}, .source = {}};
        ASSERT_TRUE(send([&](auto& row) { add_route(row, direct); }));
        EXPECT_EQ(send([&](auto& row) { add_route(row, direct); }).error().errno_value, EEXIST);
        EXPECT_EQ(kind(host)->kind, RouteAnswer::Kind::unicast);
        EXPECT_EQ(kind(host)->index, 20U);
        EXPECT_EQ(kind(std::string("\xc0\0\2\1", 4))->kind, RouteAnswer::Kind::local);
        ASSERT_TRUE(send([&](auto& row) { remove_route(row, direct); }));
        EXPECT_FALSE(kind(host));

        EXPECT_TRUE(default_routes(cable.socket).value().empty());
        ASSERT_TRUE(send([&](auto& row) { add_route(row, {.destination = anywhere, .prefix = 0, .index = 20, .gateway = gateway, .source = {}, .mtu = 1300, .advmss = 1260}); }));
        auto found = default_routes(cable.socket).value();
        ASSERT_EQ(found.size(), 1U);
        EXPECT_EQ(found[0].gateway, "192.0.2.2");
        EXPECT_EQ(found[0].index, 20U);
    });
}

TEST(Routes, a_device_goes_to_another_network_and_gets_a_name_that_is_free) {
    in_own_namespaces(CLONE_NEWNET, [] {
        PluggedIn cable;
        MessageRow away;
        move_device(away, {.index = 20, .target = cable.other.get(), .new_index = 77});
        ASSERT_TRUE(cable.socket.run(away));
        EXPECT_FALSE(device_by_index(cable.socket, 20).value());
        auto there = NetlinkSocket::open_in(cable.other, NETLINK_ROUTE).value();
        ASSERT_TRUE(device_by_index(there, 77).value());
        MessageRow rename;
        rename_device(rename, 77, "far");
        EXPECT_FALSE(there.run(rename)) << "taken";
        MessageRow other;
        rename_device(other, 77, "near");
        ASSERT_TRUE(there.run(other));
        auto all = links(there).value();
        EXPECT_FALSE(std::ranges::find(all, "near", &Link::name)->up) << "it arrives down";
    });
}

constexpr nft::Table kT{nft::Family::inet, "t"}, kNone{nft::Family::inet, "none"};
constexpr const char* kTable = "table inet t {\nset s { type inet_service; }\nmap m { type inet_service : inet_service; }\n}\n";

TEST(NftElements, are_added_whole_found_and_removed_whole) {
    in_own_namespaces(CLONE_NEWNET, [] {
        ASSERT_TRUE(run_checked({"nft", "-f", "-"}, {.input = kTable}));
        auto socket = NetlinkSocket::open(NETLINK_NETFILTER).value();
        const nft::Element in_set{"s", std::string("\0\x50", 2), ""}, in_map{"m", std::string("\0\x50", 2), std::string("\x1f\x90", 2)}, second{"s", std::string("\0\x51", 2), ""};
        auto find = [&](const nft::Element& element) { return nft::find_element(socket, kT, element).value(); };
        EXPECT_FALSE(find(in_set));
        ASSERT_TRUE(nft::add_elements(socket, kT, {in_set, in_map}, nft::IfPresent::fail));
        EXPECT_EQ(find(in_set), "");
        EXPECT_EQ(find(in_map)->substr(0, 2), in_map.data);

        auto again = nft::add_elements(socket, kT, {second, in_set}, nft::IfPresent::fail);
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().errno_value, EEXIST);
        EXPECT_NE(again.error().message().find("element of 's' in table 't'"), std::string::npos);
        EXPECT_FALSE(find(second)) << "all or none";
        EXPECT_TRUE(nft::add_elements(socket, kT, {second, in_set}, nft::IfPresent::keep));
        auto keys = nft::keys_of(socket, kT, "s").value();
        std::ranges::sort(keys);
        EXPECT_EQ(keys, (std::vector{in_set.key, second.key}));
        EXPECT_TRUE(nft::keys_of(socket, {nft::Family::arp, "t"}, "s").error().errno_value == ENOENT) << "of another family";

        EXPECT_EQ(nft::remove_elements(socket, kT, {in_set, {"s", std::string("\0\x52", 2), ""}}).error().errno_value, ENOENT);
        EXPECT_TRUE(find(in_set)) << "all or none";
        EXPECT_TRUE(nft::remove_elements(socket, kT, {in_set, second, in_map}));
        EXPECT_FALSE(find(in_map));
        EXPECT_TRUE(nft::add_elements(socket, kT, {}, nft::IfPresent::fail)) << "nothing to do";
        EXPECT_EQ(nft::add_elements(socket, kNone, {in_set}, nft::IfPresent::fail).error().errno_value, ENOENT);
        EXPECT_FALSE(nft::find_element(socket, kNone, in_set).value());
    });
}

TEST(NftChains, those_that_see_packets_first_are_listed) {
    in_own_namespaces(CLONE_NEWNET, [] {
        constexpr const char* kEarly = "table ip a {\nchain early { type filter hook prerouting priority -450; }\nchain late { type filter hook prerouting priority -449; }\n"
                                       "chain out { type filter hook output priority -500; }\n}\ntable netdev d {\nchain c { type filter hook ingress device lo priority 0; }\n}\n"
                                       "table inet ours {\nchain c { type filter hook input priority -450; }\n}\n";
        ASSERT_TRUE(run_checked({"nft", "-f", "-"}, {.input = kEarly}));
        auto socket = NetlinkSocket::open(NETLINK_NETFILTER).value();
        EXPECT_EQ(nft::chains_before(socket, -450, "ours").value(), (std::vector<std::string>{"ip a/early", "netdev d/c on lo"}));
    });
}

TEST(DeviceState, comes_back_with_all_attributes_of_addresses_and_routes) {
    in_own_namespaces(CLONE_NEWNET, [] {
        auto ip = [](const char* lines) { return run_checked({"ip", "-batch", "-"}, {.input = lines}); };
        auto told = [] { return run_checked({"sh", "-c", "ip -d link show near | grep -o 'addrgenmode [a-z0-9]*'; ip -o address show dev near; ip -d route show table all dev near; ip -6 -d route show table all dev near | grep -v fe80 || true"}, {}).value(); };
        ASSERT_TRUE(ip("link add name near index 70 type veth peer name far\nlink set near addrgenmode none\nlink set far up\nlink set near up\n"
                       "address add 192.0.2.2/24 broadcast 192.0.2.255 label near:1 metric 9 dev near\naddress add 2001:db8::2/64 nodad dev near\n"
                       "route add default via 192.0.2.1 metric 77 proto static src 192.0.2.2\nroute add 198.51.100.0/24 via 203.0.113.1 dev near onlink proto bird mtu 1400\n"
                       "route add default via 192.0.2.1 table 100\nroute add 2001:db8:1::/48 via 2001:db8::1 dev near metric 88 pref high\n"));
        auto socket = NetlinkSocket::open(NETLINK_ROUTE).value();
        // The kernel routes to an IPv6 address a moment after it has it (net/ipv6/addrconf.c, addrconf_dad_work).
        auto told_with = [&](const std::string& text) {
            for (int i = 0; i < 2000 && told().find(text) == std::string::npos; ++i) ::poll(nullptr, 0, 5);
            return told();
        };
        const auto before = told_with("local 2001:db8::2");
        const auto state = device_state(socket, 70).value();
        EXPECT_TRUE(state.up);
        EXPECT_EQ(state.addresses.size(), 2U) << "its own alone";
        EXPECT_EQ(state.routes.size(), 4U) << "not what comes with the addresses";
        ASSERT_TRUE(ip("link set near down\naddress flush dev near\nlink set near addrgenmode eui64\n"));    // as in a namespace that it comes to
        EXPECT_NE(told(), before);
        EXPECT_EQ(restore_device(socket, 70, state).value(), std::vector<std::string>());
        EXPECT_EQ(told_with(before), before);
        EXPECT_EQ(restore_device(socket, 70, state).value(), std::vector<std::string>()) << "again";

        auto broken = state;
        broken.routes[0].resize(4);
        EXPECT_EQ(restore_device(socket, 70, broken).value().size(), 1U) << "what is refused is told";
    });
}

TEST(NftChains, those_that_packets_meet_on_their_way_through_are_listed_with_what_they_do_by_default) {
    in_own_namespaces(CLONE_NEWNET, [] {
        auto socket = NetlinkSocket::open(NETLINK_NETFILTER).value();
        EXPECT_TRUE(nft::forward_chains(socket).value().empty());
        constexpr const char* kChains = "table ip a {\nchain f { type filter hook forward priority 0; policy drop; }\nchain i { type filter hook input priority 0; policy drop; }\nchain plain { }\n}\n"
                                        "table inet b {\nchain f { type filter hook forward priority 0; }\n}\ntable arp c {\nchain i { type filter hook input priority 0; }\n}\n";
        ASSERT_TRUE(run_checked({"nft", "-f", "-"}, {.input = kChains}));
        auto chains = nft::forward_chains(socket).value();
        ASSERT_EQ(chains.size(), 2U);
        const bool ip_first = chains[0].family == "ip";
        const auto& ip = chains[ip_first ? 0 : 1];
        const auto& inet = chains[ip_first ? 1 : 0];
        EXPECT_EQ(ip.table + " " + ip.name, "a f");
        EXPECT_TRUE(ip.drops_by_default);
        EXPECT_EQ(inet.family + " " + inet.table, "inet b");
        EXPECT_FALSE(inet.drops_by_default);
    });
}

}  // namespace
}  // namespace vs::sys
