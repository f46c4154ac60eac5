#include "storage/record.hpp"

#include <gtest/gtest.h>

namespace vs::storage {
namespace {

TEST(Record, prints_what_it_parses) {
    Record record;
    record.texts = {{"name", "a \"quoted\" text"}};
    record.numbers = {{"n", 18446744073709551615ULL}};
    record.lists = {{"l", {"x", "y"}}};

    auto again = parse_record(print_record(record)).value();

    EXPECT_EQ(again.texts, record.texts);
    EXPECT_EQ(again.numbers, record.numbers);
    EXPECT_EQ(again.lists, record.lists);
}

TEST(Record, ignores_what_a_newer_program_added) {
    auto record = parse_record(R"({"a": "x", "b": {"c": 1}, "d": null, "e": -1, "f": 1.5, "g": ["x", 1]})").value();

    EXPECT_EQ(record.text("a").value(), "x");
    EXPECT_FALSE(record.number("e"));
    EXPECT_EQ(record.lists.at("g"), std::vector<std::string>{"x"});
}

TEST(Record, says_which_member_is_missing) { EXPECT_EQ(parse_record("{}")->text("id").error().message(), "it has no 'id'"); }

TEST(Record, refuses_what_is_no_object) {
    for (const char* bad : {"", "[]", "{", "1", "{\"a\":}", "null"}) EXPECT_FALSE(parse_record(bad)) << bad;
}

TEST(Record, survives_bytes_that_are_no_text) {
    Record record;
    record.texts = {{"name", "\xff\xfe"}};

    EXPECT_TRUE(parse_record(print_record(record)));
}

TEST(Record, timestamps_are_rfc_3339) {
    auto stamp = timestamp();

    EXPECT_EQ(stamp.size(), 20U);
    EXPECT_EQ(stamp[10], 'T');
    EXPECT_EQ(stamp.back(), 'Z');
}

}  // namespace
}  // namespace vs::storage
