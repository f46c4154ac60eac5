#include <gtest/gtest.h>

#include "context/address_lock.hpp"

namespace vs::context {
namespace {

const std::vector<sys::OwnAddress> kOwn = {{"127.0.0.1", "", 8, 1},
                                           {"192.0.2.5", "192.0.2.255", 24, 2},
                                           {"192.0.2.6", "192.0.2.255", 24, 2},
                                           {"2001:db8::5", "", 64, 2},
                                           {"fe80::1", "", 64, 2}};
const std::vector<NamedDevice> kDevices = {{"eth0", 2}, {"dummy0", 3}};

Result<AddressLock> plan(std::vector<std::string> addresses, std::string broadcast = "") {
    return plan_lock({std::move(addresses), std::move(broadcast)}, kOwn, kDevices);
}

std::string text(const Result<AddressLock>& lock) {
    if (!lock) return lock.error().message();
    std::string out;
    for (const auto& [address, prefix] : lock->addresses) out += fmt::format("{}/{} ", address.text(), prefix);
    for (const auto& address : lock->broadcasts) out += fmt::format("b{} ", address.text());
    return out;
}

TEST(AddressLockPlan, TakesMaskAndBroadcastFromTheHost) {
    EXPECT_EQ(text(plan({"192.0.2.5"})), "192.0.2.5/24 b192.0.2.255 ");
    EXPECT_EQ(text(plan({"192.0.2.5/32"})), "192.0.2.5/32 b192.0.2.255 ");
    EXPECT_EQ(text(plan({"192.0.2.5/255.255.0.0"}, "192.0.2.255")), "192.0.2.5/16 b192.0.2.255 ");
    EXPECT_EQ(text(plan_lock({{"192.0.2.5"}, "192.0.2.127"}, {{"192.0.2.5", "", 25, 2}}, {})), "192.0.2.5/25 b192.0.2.127 ");
    EXPECT_EQ(text(plan({"2001:db8::5"})), "2001:db8::5/64 ");
}

TEST(AddressLockPlan, ADeviceIsItsAddressesWithoutTheLinkLocalOnes) {
    EXPECT_EQ(text(plan({"eth0"})), "192.0.2.5/24 192.0.2.6/24 2001:db8::5/64 b192.0.2.255 b192.0.2.255 ");
}

TEST(AddressLockPlan, KeepsTheOrderAndTakesEachOnce) {
    EXPECT_EQ(text(plan({"192.0.2.6", "192.0.2.6", "192.0.2.5"})), "192.0.2.6/24 192.0.2.5/24 b192.0.2.255 b192.0.2.255 ");
}

TEST(AddressLockPlan, SaysWhatIsWrong) {
    EXPECT_EQ(plan({}).error().code, Code::usage);
    EXPECT_EQ(text(plan({"192.0.2.7"})), "no device of this host has the address 192.0.2.7: 'ip address add 192.0.2.7 dev DEVICE' gives it one");
    EXPECT_EQ(text(plan({"eth7"})), "'eth7' is neither an address nor a device of this host");
    EXPECT_EQ(text(plan({"dummy0"})), "the device 'dummy0' has no address");
    EXPECT_EQ(text(plan({"192.0.2.5/33"})), "'33' is no network mask of 192.0.2.5");
    EXPECT_EQ(text(plan({"192.0.2.5/255.0.255.0"})), "'255.0.255.0' is no network mask of 192.0.2.5");
    for (const char* address : {"2001:db8::5", "192.0.2.6", "192.0.2.7"})
        EXPECT_EQ(text(plan({"192.0.2.5"}, address)), fmt::format("no device of this host has the broadcast address {}", address));
}

// 192.0.2.7 may be another machine's, or become an address of this host that was not asked for.
TEST(AddressLockPlan, ABroadcastAddressIsNotMadeByTheMaskOfWhoAsks) {
    for (const char* address : {"192.0.2.5/30", "192.0.2.5/31", "192.0.2.6/31", "192.0.2.6/29"})
        EXPECT_EQ(text(plan({address}, "192.0.2.7")), "no device of this host has the broadcast address 192.0.2.7") << address;
}

TEST(AddressLockPlan, AtMostEightOfAFamily) {
    std::vector<sys::OwnAddress> own;
    std::vector<std::string> wanted;
    for (int i = 1; i < 10; ++i) {
        own.push_back({fmt::format("192.0.2.{}", i), "", 24, 2});
        wanted.push_back(own.back().address);
    }
    EXPECT_FALSE(plan_lock({wanted, ""}, own, {}));
    wanted.pop_back();
    EXPECT_TRUE(plan_lock({wanted, ""}, own, {}));
}

TEST(AddressLock, EachLoopbackHasItsOwnAddresses) {
    EXPECT_EQ(loopback_address(0, model::Family::ipv4).text(), "127.64.0.1");
    EXPECT_EQ(loopback_address(16383, model::Family::ipv4).text(), "127.127.255.1");
    EXPECT_EQ(loopback_address(4096, model::Family::ipv6).text(), "fd76:7372::1001");
}

}  // namespace
}  // namespace vs::context
