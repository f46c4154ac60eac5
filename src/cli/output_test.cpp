#include "cli/output.hpp"

#include <gtest/gtest.h>

namespace vs::cli {
namespace {

TEST(Table, columns_are_as_wide_as_their_widest_cell) {
    Table table({{"NAME"}, {"MEM", Align::right}, {"ADDRESS"}});
    table.add({"web1", "512M", "10.0.0.1"});
    table.add({"a-long-name", "7", ""});

    EXPECT_EQ(table.text(Table::Titles::plain),
              "NAME          MEM  ADDRESS\n"
              "web1         512M  10.0.0.1\n"
              "a-long-name     7\n");
}

TEST(Table, counts_characters_and_not_bytes) {
    Table table({{"A"}, {"B"}});
    table.add({"gr\xc3\xbc\xc3\x9f", "x"});

    EXPECT_EQ(table.text(Table::Titles::plain), "A     B\ngr\xc3\xbc\xc3\x9f  x\n");
}

TEST(Table, bold_titles_change_nothing_else) {
    Table table({{"A"}});
    table.add({"x"});

    EXPECT_EQ(table.text(Table::Titles::bold), "\x1b[1mA\x1b[0m\nx\n");
}

TEST(Table, without_rows_is_its_titles) { EXPECT_EQ(Table({{"A"}, {"B"}}).text(Table::Titles::plain), "A  B\n"); }

TEST(Output, an_age_has_two_units) {
    using std::chrono::seconds;
    EXPECT_EQ(format_age(seconds(0)), "0s");
    EXPECT_EQ(format_age(seconds(59)), "59s");
    EXPECT_EQ(format_age(seconds(307)), "5m 7s");
    EXPECT_EQ(format_age(seconds(3 * 3600 + 1250)), "3h 20m");
    EXPECT_EQ(format_age(seconds(12 * 86400 + 3 * 3600)), "12d 3h");
}

}  // namespace
}  // namespace vs::cli
