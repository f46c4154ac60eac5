#include "base/result.hpp"

#include <gtest/gtest.h>

namespace vs {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return fail(Code::usage, "{} is odd", value);
    return value / 2;
}

Result<int> quarter(int value) {
    int once = TRY(half(value));
    return TRY_WITH(half(once), "halve {} again", once);
}

Result<> check(int value) {
    TRY(half(TRY(half(value))));
    return {};
}

TEST(Result, hands_a_value_through) { EXPECT_EQ(quarter(8).value(), 2); }

TEST(Result, hands_an_error_on_with_its_code) {
    auto result = quarter(3);

    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(result.error().code, Code::usage);
    EXPECT_EQ(result.error().message(), "3 is odd");
}

TEST(Result, adds_context_outermost_first) {
    auto result = quarter(6);

    ASSERT_FALSE(result.has_value());
    auto error = base::with_context(result.error(), "outer");
    EXPECT_EQ(error.message(), "outer: halve 3 again: 3 is odd");
}

TEST(Result, nests_and_carries_void) {
    EXPECT_TRUE(check(8).has_value());
    EXPECT_FALSE(check(6).has_value());
}

TEST(Result, message_escapes_control_characters) {
    Error error{Code::failed, 0, "bad name 'a\x1b[2J\nb'", {}};

    EXPECT_EQ(error.message(), "bad name 'a\\x1b[2J\\nb'");
}

TEST(Result, an_error_survives_packing) {
    auto error = base::with_context({Code::busy, 16, "mount: busy", {}}, "start 'a b'");

    auto back = base::unpack(base::pack(error));

    EXPECT_EQ(back.code, Code::busy);
    EXPECT_EQ(back.errno_value, 16);
    EXPECT_EQ(back.message(), "start 'a b': mount: busy");
}

TEST(Result, unpacking_nonsense_is_still_an_error) {
    for (auto text : {"", "x", "99 0 text", "1 -1 text", "0 "})
        EXPECT_EQ(base::unpack(text).message(), "a process of ours ended without saying why") << text;
}

TEST(Result, exit_codes_are_the_published_ones) {
    EXPECT_EQ(base::exit_status(Code::failed), 1);
    EXPECT_EQ(base::exit_status(Code::usage), 2);
    EXPECT_EQ(base::exit_status(Code::not_running), 3);
    EXPECT_EQ(base::exit_status(Code::denied), 4);
    EXPECT_EQ(base::exit_status(Code::no_such_server), 5);
    EXPECT_EQ(base::exit_status(Code::unsupported), 6);
    EXPECT_EQ(base::exit_status(Code::busy), 7);
    EXPECT_EQ(base::exit_status(Code::timeout), 124);
}

}  // namespace
}  // namespace vs
