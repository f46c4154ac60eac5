#include "server/devices.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/paths.hpp"
#include "server/plugged_device.hpp"
#include "server/void_namespace.hpp"
#include "sys/own_namespaces.hpp"

namespace vs::server {
namespace {

void on_own_network(const std::function<void()>& body) { sys::on_empty_machine(body, CLONE_NEWNET); }

using Names = std::vector<std::string>;

Names names_in(sys::NetlinkSocket socket) {
    Names names;
    const auto links = sys::links(socket).value();
    for (const auto& link : links)
        if (link.name != "lo") names.push_back(link.name);
    return names;
}
Names on_host() { return names_in(sys::NetlinkSocket::open(0).value()); }

/// A server that runs, and the network that it has.
struct Guest {
    explicit Guest(const Names& devices) {
        plan.kind = model::NetworkKind::none;
        for (const auto& name : devices) plan.devices.push_back({name, {}, {}});
    }
    [[nodiscard]] Names has() const { return names_in(sys::NetlinkSocket::open_in(network, 0).value()); }
    Result<> give() const { return give_devices(run, plan, network); }
    Result<> take_back() const { return take_devices_back(run, plan); }
    /// What its root may do in its own network.
    void rename(std::uint32_t index, const std::string& name) const {
        auto socket = sys::NetlinkSocket::open_in(network, 0).value();
        sys::MessageRow row;
        sys::set_down(row, index);
        sys::rename_device(row, index, name);
        EXPECT_TRUE(socket.run(row));
    }

    RunDir run = RunDir::open(model::ServerName::parse("web").value()).value();
    sys::NamespaceFd network = sys::make_network_namespace().value();
    NetworkPlan plan;
};

TEST(OwnDevices, one_is_the_servers_alone_and_never_the_hosts_again_but_by_our_hand) {
    on_own_network([] {
        PluggedDevice eth1("eth1", 11), eth2("eth2", 12);
        Guest guest({"eth2", "eth1"});
        ASSERT_TRUE(guest.give());
        EXPECT_TRUE(on_host().empty());
        EXPECT_EQ(guest.has(), (Names{"eth2", "eth1"}));
        auto socket = sys::NetlinkSocket::open_in(guest.network, 0).value();
        EXPECT_EQ(sys::device_by_index(socket, device_index(1)).value()->name, "eth1");

        ASSERT_TRUE(guest.take_back());
        EXPECT_TRUE(guest.has().empty());
        EXPECT_TRUE(on_host().empty()) << "they wait in the parking place";
        auto parked = parked_devices().value();
        EXPECT_EQ(parked.size(), 2U);
        EXPECT_TRUE(guest.take_back()) << "twice is no error";
        EXPECT_TRUE(sys::list_dir(guest.run.dir()).value().empty()) << "nothing is left pinned";
    });
}

TEST(OwnDevices, what_the_server_calls_it_does_not_matter) {
    on_own_network([] {
        PluggedDevice eth1("eth1", 11);
        Guest guest({"eth1"});
        ASSERT_TRUE(guest.give());
        guest.rename(device_index(0), "eth0");
        ASSERT_TRUE(guest.take_back());
        EXPECT_EQ(parked_devices().value(), Names{"eth1"});
    });
}

TEST(OwnDevices, a_name_that_is_taken_in_the_server_stops_nothing) {
    on_own_network([] {
        PluggedDevice eth1("eth1", 11), eth2("eth2", 12);
        Guest first({"eth1"}), both({"eth1", "eth2"});
        ASSERT_TRUE(first.give());
        first.rename(device_index(0), "eth2");
        ASSERT_TRUE(first.take_back());
        ASSERT_TRUE(both.give());
        EXPECT_EQ(both.has(), (Names{"eth1", "eth2"}));
        EXPECT_TRUE(both.take_back());
    });
}

TEST(OwnDevices, the_next_start_has_it_from_the_parking_place) {
    on_own_network([] {
        PluggedDevice eth1("eth1", 11);
        {
            Guest guest({"eth1"});
            ASSERT_TRUE(guest.give() && guest.take_back());
        }
        Guest again({"eth1"});
        ASSERT_TRUE(again.give());
        EXPECT_EQ(again.has(), Names{"eth1"});
        EXPECT_TRUE(parked_devices().value().empty());
        EXPECT_TRUE(again.take_back());
    });
}

TEST(OwnDevices, one_that_is_nowhere_is_told_by_name_and_what_was_given_comes_back) {
    on_own_network([] {
        PluggedDevice eth1("eth1", 11);
        Guest guest({"eth1", "eth9"});
        auto given = guest.give();
        ASSERT_FALSE(given);
        EXPECT_EQ(given.error().code, Code::busy);
        EXPECT_NE(given.error().message().find("'eth9'"), std::string::npos);
        ASSERT_TRUE(guest.take_back());
        EXPECT_EQ(parked_devices().value(), Names{"eth1"});
    });
}

TEST(OwnDevices, a_start_that_was_killed_before_its_pin_was_mounted_leaves_a_file_that_goes) {
    on_own_network([] {
        PluggedDevice eth1("eth1", 11);
        Guest guest({"eth1"});
        ASSERT_TRUE(sys::replace_file(guest.run.dir(), "network", "", 0600, sys::Durability::volatile_));
        EXPECT_TRUE(guest.take_back());
        EXPECT_TRUE(sys::list_dir(guest.run.dir()).value().empty());
        EXPECT_EQ(on_host(), Names{"eth1"}) << "which never left";
    });
}

TEST(OwnDevices, who_has_none_makes_no_parking_place) {
    on_own_network([] {
        Guest guest({});
        ASSERT_TRUE(guest.give() && guest.take_back());
        EXPECT_FALSE(sys::exists(sys::kHere, model::paths::kParked).value());
        EXPECT_TRUE(parked_devices().value().empty());
        EXPECT_FALSE(unpark_device("eth1").value());
    });
}

TEST(ParkedDevices, come_back_to_the_host_by_name_and_down) {
    on_own_network([] {
        PluggedDevice eth1("eth1", 11);
        ASSERT_TRUE(park_device(11)) << "nothing of this boot is in /run/vservers yet";
        EXPECT_TRUE(on_host().empty());
        EXPECT_TRUE(park_device(11)) << "it is gone already";
        EXPECT_FALSE(unpark_device("eth2").value());
        EXPECT_TRUE(unpark_device("eth1").value());
        auto socket = sys::NetlinkSocket::open(0).value();
        auto links = sys::links(socket).value();
        auto found = std::ranges::find(links, "eth1", &sys::Link::name);
        ASSERT_NE(found, links.end());
        EXPECT_FALSE(found->up) << "nothing may answer on it before somebody says so";
    });
}

TEST(ParkedDevices, are_not_covered_when_the_first_server_is_started) {
    on_own_network([] {
        PluggedDevice eth1("eth1", 11);
        ASSERT_TRUE(park_device(11));
        ASSERT_TRUE(open_void_namespace());
        EXPECT_EQ(parked_devices().value(), Names{"eth1"});
        EXPECT_TRUE(unpark_device("eth1").value());
    });
}

}  // namespace
}  // namespace vs::server
