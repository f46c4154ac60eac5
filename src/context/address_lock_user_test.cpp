#include "context/address_lock_user.hpp"

#include <asm/unistd.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>

#include "context/filter.hpp"
#include "context/filter_evaluator.hpp"

namespace vs::context {
namespace {

using sys::Endpoint;
using Kind = Ruling::Kind;

LockedAddress at(std::string_view text, std::uint8_t prefix) { return {*model::IpAddress::parse(text), prefix}; }

const AddressLock kLock{.addresses = {at("192.0.2.5", 24), at("198.51.100.5", 24), at("2001:db8::5", 64)},
                        .broadcasts = {*model::IpAddress::parse("192.0.2.255")},
                        .loopback = std::nullopt,
                        .low_port_uid = std::nullopt};
constexpr sys::SocketKind kFour{.is_inet = true}, kDual{.is_inet = true, .is_six = true},
    kSix{.is_inet = true, .is_six = true, .only_six = true};

Endpoint to(std::string_view text, std::uint16_t port = 80) {
    if (text == "0.0.0.0") return {Endpoint::Kind::ipv4, std::string(4, '\0'), port};
    if (text == "::") return {Endpoint::Kind::ipv6, std::string(16, '\0'), port};
    auto address = *model::IpAddress::parse(text);
    return {address.family() == model::Family::ipv4 ? Endpoint::Kind::ipv4 : Endpoint::Kind::ipv6, std::string(address.bytes()), port};
}
Endpoint mapped(std::string_view text) {
    return {Endpoint::Kind::ipv6, std::string(10, '\0') + "\xff\xff" + to(text).address, 80};
}
Ruling refused(int error) { return {Kind::refuse, error, {}}; }

TEST(HonestBind, any_is_the_first_address_of_the_family_with_the_port) {
    EXPECT_EQ(rule_bind(kLock, kFour, to("0.0.0.0", 8080)), (Ruling{Kind::bind, 0, to("192.0.2.5", 8080)}));
    EXPECT_EQ(rule_bind(kLock, kSix, to("::")), (Ruling{Kind::bind, 0, to("2001:db8::5")}));
    EXPECT_EQ(rule_bind(kLock, kDual, to("::")), (Ruling{Kind::bind, 0, mapped("192.0.2.5")}));
}

TEST(HonestBind, own_ones_groups_and_broadcasts_go_on) {
    for (const char* address : {"192.0.2.5", "198.51.100.5", "192.0.2.255", "224.0.0.251"}) EXPECT_EQ(rule_bind(kLock, kFour, to(address)), Ruling{});
    for (const char* address : {"2001:db8::5", "ff02::fb"}) EXPECT_EQ(rule_bind(kLock, kSix, to(address)), Ruling{});
    EXPECT_EQ(rule_bind(kLock, kDual, mapped("192.0.2.5")), Ruling{});
}

TEST(HonestBind, another_address_is_not_available) {
    for (const char* address : {"192.0.2.6", "127.0.0.1"}) EXPECT_EQ(rule_bind(kLock, kFour, to(address)), refused(EADDRNOTAVAIL));
    for (const char* address : {"2001:db8::6", "::1"}) EXPECT_EQ(rule_bind(kLock, kSix, to(address)), refused(EADDRNOTAVAIL));
    EXPECT_EQ(rule_bind(kLock, kDual, mapped("192.0.2.6")), refused(EADDRNOTAVAIL));
    EXPECT_EQ(rule_bind(kLock, kFour, Endpoint{Endpoint::Kind::unspecified, {}}), refused(EAFNOSUPPORT));
}

TEST(HonestBind, what_is_no_internet_socket_is_not_ours) { EXPECT_EQ(rule_bind(kLock, sys::SocketKind{}, to("192.0.2.6")), Ruling{}); }

TEST(HonestSource, shares_the_network_of_the_destination_or_is_the_first) {
    auto source = [](const char* address) { return Ruling{Kind::set_source, 0, to(address, 0)}; };
    EXPECT_EQ(rule_source(kLock, kFour, to("198.51.100.77")), source("198.51.100.5"));
    EXPECT_EQ(rule_source(kLock, kFour, to("203.0.113.1")), source("192.0.2.5"));
    EXPECT_EQ(rule_source(kLock, kDual, to("2001:db8:1::1")), source("2001:db8::5"));
    EXPECT_EQ(rule_source(kLock, kDual, mapped("198.51.100.77")).to.address, mapped("198.51.100.5").address);
    EXPECT_EQ(rule_source(kLock, kFour, Endpoint{Endpoint::Kind::unspecified, {}}), source("192.0.2.5"));
}

TEST(HonestSource, a_family_without_address_has_no_way_out) {
    auto lock = kLock;
    lock.addresses = {at("192.0.2.5", 24)};
    EXPECT_EQ(rule_source(lock, kDual, to("2001:db8::1")), refused(ENETUNREACH));
    EXPECT_EQ(rule_bind(lock, kSix, to("::")), refused(EADDRNOTAVAIL));
}

std::uint32_t answer(std::uint32_t number, std::array<std::uint64_t, 6> arguments = {}) {
    seccomp_data data{static_cast<int>(number), kNativeArchitecture, 0, {}};
    std::ranges::copy(arguments, data.args);
    const auto result = evaluate(notifying_filter(), data);
    EXPECT_TRUE(result.has_value());
    return result ? result->action : SECCOMP_RET_KILL_PROCESS;
}

TEST(HonestFilter, hands_on_what_names_an_address) {
    for (int call : {__NR_bind, __NR_connect, __NR_listen, __NR_sendmsg, __NR_sendmmsg})
        EXPECT_EQ(answer(static_cast<std::uint32_t>(call)), std::uint32_t{SECCOMP_RET_USER_NOTIF});
    EXPECT_EQ(answer(__NR_sendto), std::uint32_t{SECCOMP_RET_ALLOW});
    EXPECT_EQ(answer(__NR_sendto, {0, 0, 0, 0, 1, 0}), std::uint32_t{SECCOMP_RET_USER_NOTIF});
    EXPECT_EQ(answer(__NR_sendto, {0, 0, 0, 0, 0x1'0000'0000, 0}), std::uint32_t{SECCOMP_RET_USER_NOTIF});
    EXPECT_EQ(answer(__NR_read), std::uint32_t{SECCOMP_RET_ALLOW});
}

TEST(HonestFilter, refuses_protocols_that_it_could_not_bind) {
    auto socket = [](std::uint64_t family, std::uint64_t protocol) { return answer(__NR_socket, {family, 0, protocol, 0, 0, 0}); };
    EXPECT_EQ(socket(AF_INET, 1), SECCOMP_RET_ERRNO | std::uint32_t{EACCES});
    EXPECT_EQ(socket(AF_INET6, 58), SECCOMP_RET_ERRNO | std::uint32_t{EACCES});
    EXPECT_EQ(socket(AF_INET, 262), SECCOMP_RET_ERRNO | std::uint32_t{EPROTONOSUPPORT});
    EXPECT_EQ(socket(AF_INET, 132), SECCOMP_RET_ERRNO | std::uint32_t{EPROTONOSUPPORT});
    EXPECT_EQ(socket(AF_INET, 0), std::uint32_t{SECCOMP_RET_ALLOW});
    EXPECT_EQ(socket(AF_UNIX, 1), std::uint32_t{SECCOMP_RET_ALLOW});
}

}  // namespace
}  // namespace vs::context
