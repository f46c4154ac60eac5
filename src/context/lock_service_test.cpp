#include "context/lock_service.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "context/lock_protocol.hpp"
#include "sys/fd.hpp"

namespace vs::context {
namespace {

LockedAddress at(std::string_view text) { return {*model::IpAddress::parse(text), 24}; }

const AddressLock kOuter{.addresses = {at("192.0.2.1"), at("192.0.2.2"), at("2001:db8::1")},
                         .broadcasts = {*model::IpAddress::parse("192.0.2.255")},
                         .loopback = std::nullopt,
                         .low_port_uid = std::nullopt};

AddressLock of(std::vector<LockedAddress> addresses) { return {std::move(addresses), {}, std::nullopt, std::nullopt}; }

TEST(Narrow, a_part_of_the_outer_lock_is_a_lock) {
    auto lock = narrow(kOuter, of({at("192.0.2.2")}), LoopbackKind::host);
    ASSERT_TRUE(lock) << lock.error().message();
    EXPECT_EQ(lock->addresses, std::vector{at("192.0.2.2")});
    EXPECT_TRUE(narrow(kOuter, kOuter, LoopbackKind::host)) << "the same is not wider";
}

TEST(Narrow, another_address_is_refused_whatever_else_is_asked_for) {
    for (const auto& wanted : {of({at("192.0.2.3")}), of({at("192.0.2.1"), at("192.0.2.3")}), of({at("2001:db8::2")})}) {
        auto lock = narrow(kOuter, wanted, LoopbackKind::host);
        ASSERT_FALSE(lock);
        EXPECT_EQ(lock.error().code, Code::denied);
        EXPECT_NE(lock.error().message().find("can only narrow it"), std::string::npos);
    }
}

TEST(Narrow, the_loopback_is_the_outer_ones) {
    EXPECT_FALSE(narrow(kOuter, of({at("192.0.2.1")}), LoopbackKind::own));
    auto outer = kOuter;
    outer.loopback = 4711;
    for (auto kind : {LoopbackKind::host, LoopbackKind::own}) EXPECT_EQ(narrow(outer, of({at("192.0.2.1")}), kind)->loopback, 4711);
}

TEST(Narrow, broadcasts_are_those_of_both) {
    auto wanted = of({at("192.0.2.1")});
    wanted.broadcasts = {*model::IpAddress::parse("192.0.2.255"), *model::IpAddress::parse("198.51.100.255")};
    EXPECT_EQ(narrow(kOuter, wanted, LoopbackKind::host)->broadcasts, kOuter.broadcasts);
}

TEST(Granted, every_address_has_to_be) {
    model::Grant grant{.user = "alice", .addresses = {at("192.0.2.1").address}};
    EXPECT_TRUE(check_granted(of({at("192.0.2.1")}), grant));
    auto refused = check_granted(of({at("192.0.2.1"), at("192.0.2.2")}), grant);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::denied);
    EXPECT_NE(refused.error().message().find("192.0.2.2 is not granted to 'alice'"), std::string::npos);
}

/// What the service answers to a message of these bytes, whoever sends it.
LockAnswer answer_to(std::string_view message) {
    auto sockets = sys::make_socket_pair().value();
    EXPECT_TRUE(sys::send_message(sockets.ours, message));
    EXPECT_TRUE(serve_lock(sockets.theirs));
    auto text = sys::receive_message(sockets.ours).value();
    LockAnswer answer;
    EXPECT_EQ(text.size(), sizeof answer);
    std::memcpy(&answer, text.data(), std::min(text.size(), sizeof answer));
    EXPECT_NE(std::ranges::find(answer.sentence, '\0'), answer.sentence.end()) << "it ends";
    return answer;
}

std::string_view bytes_of(const LockAsk& ask) { return {reinterpret_cast<const char*>(&ask), sizeof ask}; }

TEST(LockService, a_request_that_is_none_is_refused_before_anybody_is_looked_at) {
    const LockAsk whole;
    auto endless = whole, foreign = whole, switched = whole, no_broadcast_end = whole;
    endless.addresses[3].fill('1');
    foreign.magic ^= 1;
    switched.own_loopback = 2;
    no_broadcast_end.broadcast.fill('x');
    const auto bytes = std::string(bytes_of(whole));
    struct Case { std::string message; const char* sentence; };
    for (const auto& [message, sentence] : {Case{"x", "the request has 1 bytes"}, Case{bytes.substr(1), "is chbind of another version?"}, Case{bytes + "x", "is chbind of another version?"},
                                            Case{std::string(bytes_of(foreign)), "the request is none"}, Case{std::string(bytes_of(switched)), "the request is none"},
                                            Case{std::string(bytes_of(endless)), "a word of the request has no end"}, Case{std::string(bytes_of(no_broadcast_end)), "a word of the request has no end"}}) {
        const auto answer = answer_to(message);
        EXPECT_EQ(answer.refused, 1);
        EXPECT_EQ(answer.code, static_cast<std::int32_t>(Code::usage));
        EXPECT_NE(std::string_view(answer.sentence.data()).find(sentence), std::string_view::npos) << answer.sentence.data();
    }
}

}  // namespace
}  // namespace vs::context
