// The plan as text in the state file. What reads it is about to take down what the plan names, so a damaged one is an error and
// never another server's.

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/dice.hpp"
#include "server/network.hpp"

namespace vs::server {
namespace {

using model::IpAddress;
using model::NetworkKind;

class Plans {
  public:
    explicit Plans(std::uint64_t seed) : dice_(seed) {}

    NetworkPlan any() {
        constexpr NetworkKind kKinds[] = {NetworkKind::private_, NetworkKind::none, NetworkKind::host, NetworkKind::bind};
        NetworkPlan plan;
        plan.kind = dice_.one_of(kKinds);
        plan.number.value = static_cast<std::uint32_t>(dice_.below(model::ServerNumber::kMost + 1));
        plan.generation = static_cast<std::uint32_t>(dice_.any());
        plan.ipv6 = dice_.toss();
        plan.addresses = addresses();
        plan.aliases = addresses();
        for (auto n = dice_.below(3); n > 0; --n) plan.ports.push_back(port());
        for (auto n = dice_.below(3); n > 0; --n) plan.uplinks.push_back(name());
        for (auto n = dice_.below(3); n > 0; --n) plan.devices.push_back(device());
        if (dice_.toss()) plan.uplink4 = uplink();
        if (dice_.toss()) plan.uplink6 = uplink();
        return plan;
    }
    base::Dice& dice() { return dice_; }

  private:
    IpAddress address() {
        auto byte = [&] { return dice_.below(256); };
        auto text = dice_.toss() ? fmt::format("10.{}.{}.{}", byte(), byte(), byte()) : fmt::format("2001:db8::{:x}:{:x}", byte() + 1, byte());
        return IpAddress::parse(text).value();
    }
    std::vector<IpAddress> addresses() {
        std::vector<IpAddress> made;
        for (auto n = dice_.below(4); n > 0; --n) made.push_back(address());
        return made;
    }
    model::PortRedirect port() {
        model::PortRedirect port;
        port.any_host_address = dice_.toss();
        if (!port.any_host_address) port.host_address = address();
        port.host_port = static_cast<std::uint16_t>(1 + dice_.below(65535));
        port.server_port = static_cast<std::uint16_t>(1 + dice_.below(65535));
        port.protocol = dice_.toss() ? model::Protocol::tcp : model::Protocol::udp;
        return port;
    }
    // A device may be called nearly anything (dev_valid_name): quotes and backslashes too.
    std::string name() { return "d" + dice_.text("abc019-_.\"\\'{}[]", 14); }
    model::OwnDevice device() {
        model::OwnDevice device{name(), {}, addresses()};
        for (auto n = dice_.below(3); n > 0; --n) device.addresses.push_back({address(), static_cast<std::uint8_t>(1 + dice_.below(32))});
        return device;
    }
    Uplink uplink() { return {name(), static_cast<std::uint32_t>(dice_.any()), static_cast<std::uint32_t>(dice_.any()), addresses()}; }

    base::Dice dice_;
};

TEST(NetworkPlanText, every_plan_reads_back_as_it_was_from_one_line) {
    Plans plans(1);
    for (int i = 0; i < 400; ++i) {
        const auto plan = plans.any();
        const auto text = print_plan(plan);
        EXPECT_EQ(text.find('\n'), std::string::npos);
        auto read = parse_plan(text);
        ASSERT_TRUE(read) << text << "\n" << read.error().message();
        EXPECT_EQ(*read, plan) << text;
    }
}

TEST(NetworkPlanText, what_is_read_from_a_damaged_text_is_an_error_or_a_plan_that_reads_back) {
    Plans plans(2);
    for (int i = 0; i < 2000; ++i) {
        const auto text = plans.dice().damage(print_plan(plans.any()));
        auto read = parse_plan(text);
        if (!read) continue;
        EXPECT_EQ(parse_plan(print_plan(*read)).value(), *read) << text;
    }
}

nlohmann::json whole() {
    NetworkPlan plan{.kind = NetworkKind::private_, .number = {7}, .generation = 3};
    plan.addresses = {IpAddress::parse("192.0.2.7").value()};
    plan.uplink4 = Uplink{"eth0", 2, 1500, {IpAddress::parse("192.0.2.1").value()}};
    plan.devices = {{"eth1", {model::NetworkAddress::parse("198.51.100.7/24").value()}, {}}};
    return nlohmann::json::parse(print_plan(plan));
}

struct WrongMember {
    const char* member;
    const char* value;
};

/// A member that cannot be what was written, and what a plan without it would take down instead: the host's, or server 0's.
constexpr WrongMember kWrong[] = {
    {"kind", "\"privat\""}, {"kind", "7"}, {"kind", "null"},
    {"number", "\"7\""}, {"number", "-1"}, {"number", "7.5"}, {"number", "4096"}, {"number", "4294967303"}, {"number", "null"},
    {"generation", "\"3\""}, {"generation", "4294967296"}, {"generation", "-3"},
    {"ipv6", "1"}, {"ipv6", "\"true\""},
    {"addresses", "\"192.0.2.7\""}, {"addresses", "{}"}, {"addresses", "[7]"}, {"addresses", "[\"192.0.2.300\"]"}, {"addresses", "[null]"},
    {"aliases", "7"}, {"ports", "[[]]"}, {"ports", "{\"a\":1}"}, {"ports", "[\"80\"]"},
    {"uplinks", "\"eth0\""}, {"uplinks", "[17]"}, {"uplinks", "[{}]"},
    {"uplink4", "\"eth0\""}, {"uplink4", "[]"}, {"uplink6", "17"},
    {"uplink4", "{\"device\":7,\"index\":2,\"mtu\":1500,\"addresses\":[]}"},
    {"uplink4", "{\"device\":\"eth0\",\"index\":\"2\",\"mtu\":1500,\"addresses\":[]}"},
    {"uplink4", "{\"device\":\"eth0\",\"index\":2,\"mtu\":4294967296,\"addresses\":[]}"},
    {"devices", "{}"}, {"devices", "[\"eth1\"]"}, {"devices", "[{\"name\":7}]"},
    {"devices", "[{\"name\":\"eth1\",\"addresses\":[\"192.0.2.7\"]}]"}, {"devices", "[{\"name\":\"eth1\",\"gateways\":\"192.0.2.1\"}]"},
};

TEST(NetworkPlanText, a_member_of_the_wrong_kind_is_an_error_that_names_it) {
    ASSERT_TRUE(parse_plan(whole().dump()));
    for (const auto& [member, value] : kWrong) {
        auto text = whole();
        text[member] = nlohmann::json::parse(value);
        EXPECT_FALSE(parse_plan(text.dump())) << text.dump();
    }
}

TEST(NetworkPlanText, what_says_whose_it_is_must_be_there) {
    for (const char* member : {"kind", "number", "generation"}) {
        auto text = whole();
        text.erase(member);
        auto read = parse_plan(text.dump());
        ASSERT_FALSE(read) << member;
        EXPECT_NE(read.error().message().find(member), std::string::npos) << read.error().message();
    }
}

TEST(NetworkPlanText, what_older_programs_did_not_write_is_nothing) {
    auto text = whole();
    for (const char* member : {"devices", "aliases", "uplinks", "ports", "addresses"}) text.erase(member);
    auto read = parse_plan(text.dump());
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_TRUE(read->devices.empty() && read->aliases.empty() && read->uplinks.empty() && read->addresses.empty());
}

TEST(plan_network, bind_gives_the_host_only_what_it_lacks) {
    HostNetworkFacts facts;
    facts.uplink4 = Uplink{"eth0", 2, 1500, {}};
    facts.own = {IpAddress::parse("192.0.2.7").value()};
    model::NetworkSettings wanted;
    wanted.kind = NetworkKind::bind;
    wanted.addresses = {IpAddress::parse("192.0.2.7").value(), IpAddress::parse("192.0.2.8").value()};

    auto plan = plan_network(wanted, {7}, 1, facts).value();
    EXPECT_EQ(plan.aliases, std::vector{IpAddress::parse("192.0.2.8").value()});
    EXPECT_FALSE(plan.has_cable());

    facts.uplink4.reset();
    auto nowhere = plan_network(wanted, {7}, 1, facts);
    ASSERT_FALSE(nowhere) << "no device to put it on";
    EXPECT_EQ(nowhere.error().code, Code::usage);
    EXPECT_NE(nowhere.error().message().find("192.0.2.8"), std::string::npos);
}

TEST(plan_network, kinds_without_a_network_of_ours_take_nothing_from_the_settings) {
    for (auto kind : {NetworkKind::none, NetworkKind::host}) {
        model::NetworkSettings wanted;
        wanted.kind = kind;
        wanted.addresses = {IpAddress::parse("192.0.2.7").value()};
        wanted.ports = {model::PortRedirect::parse("8080:80").value()};
        auto plan = plan_network(wanted, {7}, 9, HostNetworkFacts{}).value();
        EXPECT_TRUE(plan.addresses.empty() && plan.ports.empty() && !plan.uplink4);
        EXPECT_EQ(plan.generation, 9U);
    }
}

}  // namespace
}  // namespace vs::server
