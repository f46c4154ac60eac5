#include "base/text.hpp"

#include <gtest/gtest.h>

namespace vs::base {
namespace {

using std::chrono::milliseconds;

TEST(Text, trim_end_takes_newlines_only) { EXPECT_EQ(trim_end(" a \r\n\n"), " a "); }

TEST(Text, parse_number_takes_whole_decimals_only) {
    EXPECT_EQ(parse_number("0"), 0U);
    EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615ULL);
    for (auto bad : {"", " 1", "1 ", "+1", "-1", "0x10", "1.5", "18446744073709551616", "abc"})
        EXPECT_FALSE(parse_number(bad)) << bad;
}

TEST(Text, parse_size_knows_suffixes_and_overflow) {
    EXPECT_EQ(parse_size("4096"), 4096U);
    EXPECT_EQ(parse_size("512M"), 512ULL << 20);
    EXPECT_EQ(parse_size("2g"), 2ULL << 30);
    for (auto bad : {"", "M", "1.5G", "1MB", "99999999999T", "-1K"}) EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Text, parse_duration_defaults_to_seconds) {
    EXPECT_EQ(parse_duration("30"), milliseconds(30'000));
    EXPECT_EQ(parse_duration("100ms"), milliseconds(100));
    EXPECT_EQ(parse_duration("5m"), milliseconds(300'000));
    EXPECT_EQ(parse_duration("2h"), milliseconds(7'200'000));
    for (auto bad : {"", "s", "5d", "1.5s"}) EXPECT_FALSE(parse_duration(bad)) << bad;
    EXPECT_EQ(parse_duration("9223372036854775807ms"), milliseconds::max());
    for (auto more : {"9223372036854775808ms", "18446744073709551615", "18446744073709551615h", "18446744073709551616ms"})
        EXPECT_FALSE(parse_duration(more)) << more;
}

TEST(Text, format_size_is_short) {
    EXPECT_EQ(format_size(0), "0");
    EXPECT_EQ(format_size(1023), "1023");
    EXPECT_EQ(format_size(1536), "1.5K");
    EXPECT_EQ(format_size(512ULL << 20), "512M");
    EXPECT_EQ(format_size(~0ULL), "16E") << "there is no larger unit";
}

TEST(Text, escape_control_leaves_no_control_byte) {
    EXPECT_EQ(escape_control("plain"), "plain");
    EXPECT_EQ(escape_control("a\tb\n"), "a\\tb\\n");
    EXPECT_EQ(escape_control(std::string_view("\0", 1)), "\\x00");
    EXPECT_EQ(escape_control("\x1b]0;x\x07"), "\\x1b]0;x\\x07");
    EXPECT_EQ(escape_control("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    EXPECT_EQ(escape_control("\xc2\x9b"), "\\xc2\\x9b") << "C1 controls move cursors too";
    EXPECT_EQ(escape_control("\xff\xfe"), "\\xff\\xfe");
    EXPECT_EQ(escape_control("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate is not UTF-8";
    EXPECT_EQ(escape_control("\xe2\x82"), "\\xe2\\x82") << "cut short";
    EXPECT_EQ(escape_control("\r\x7f"), "\\r\\x7f");
}

// What one program takes for a character and another for bytes may end an escape sequence for the terminal that takes bytes.
TEST(Text, escape_control_knows_the_edges_of_utf8) {
    for (auto good : {"\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf0\x9f\x98\x80",
                      "\xf4\x8f\xbf\xbf"})
        EXPECT_EQ(escape_control(good), good);
    for (auto bad : {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xe2\x28\xa1", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
                     "\xf0\x9f\x98", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
        EXPECT_NE(escape_control(bad), bad);
        for (char c : escape_control(bad)) EXPECT_TRUE(c >= ' ' && c <= '~');
    }
}

TEST(Text, split_keeps_empty_pieces) {
    EXPECT_EQ(split("a::b", ':').size(), 3U);
    EXPECT_EQ(split("", ':').size(), 1U);
}

TEST(Text, trim_takes_both_ends) {
    EXPECT_EQ(trim("  a b \n"), "a b");
    EXPECT_EQ(trim(" \n"), "");
}

TEST(Text, nearest_finds_typing_errors_only) {
    EXPECT_EQ(nearest("hostnam", {"hostname", "domain"}), "hostname");
    EXPECT_FALSE(nearest("zzzz", {"hostname", "domain"}));
    EXPECT_EQ(nearest("lits", {"exit", "list"}), "list") << "the nearest of several";
    EXPECT_FALSE(nearest("list", {}));
}

}  // namespace
}  // namespace vs::base
