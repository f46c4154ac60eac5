#include "storage/deb822.hpp"

#include <gtest/gtest.h>

namespace vs::storage {
namespace {

TEST(Deb822, paragraphs_fields_and_continuations) {
    auto paragraphs = parse_deb822("A: 1\nB: x\n y\n\tz\n\n\n# comment\nA: 2\n");

    ASSERT_EQ(paragraphs.size(), 2U);
    EXPECT_EQ(paragraphs[0].value("a"), "1");
    EXPECT_EQ(paragraphs[0].value("B"), "x\n y\n\tz");
    EXPECT_EQ(paragraphs[1].value("A"), "2");
    EXPECT_EQ(paragraphs[1].value("B"), "");
}

TEST(Deb822, a_value_may_begin_on_the_next_line) {
    auto paragraphs = parse_deb822("Conffiles:\n /etc/a 1\n /etc/b 2\nX: y");

    EXPECT_EQ(paragraphs[0].value("Conffiles"), "/etc/a 1\n /etc/b 2");
    EXPECT_EQ(paragraphs[0].value("X"), "y");
}

TEST(Deb822, rubbish_is_skipped) {
    EXPECT_TRUE(parse_deb822("").empty());
    EXPECT_TRUE(parse_deb822("\n \n continuation of nothing\nno colon\n").empty());
}

TEST(Deb822, words_are_trimmed_and_never_empty) {
    EXPECT_EQ(words("  a  b\nc "), (std::vector<std::string_view>{"a", "b", "c"}));
    EXPECT_EQ(words("a (>= 1), b | c,, d", ","), (std::vector<std::string_view>{"a (>= 1)", "b | c", "d"}));
    EXPECT_TRUE(words("").empty());
}

}  // namespace
}  // namespace vs::storage
