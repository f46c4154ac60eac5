#include "model/document_guard.hpp"

#include <gtest/gtest.h>

namespace vs::model {
namespace {

std::string refusal(std::string_view text) {
    auto result = guard_document(text, "f");
    return result ? "" : result.error().message();
}

std::string dots(int count) {
    std::string text = "a";
    for (int i = 0; i < count; ++i) text += ".a";
    return text;
}

constexpr std::string_view kTooDeep = "more than 64 dots outside quotes in one line";
constexpr std::string_view kNeedsQuotes = "a character that is not ASCII needs quotes around it";

TEST(DocumentGuard, bounds_the_size) {
    EXPECT_EQ(refusal(std::string(65536, '#')), "");
    EXPECT_EQ(refusal(std::string(65537, '#')), "f:1: the file is larger than 65536 bytes");
}

TEST(DocumentGuard, bounds_dotted_keys_by_line) {
    EXPECT_EQ(refusal(dots(64) + "\n" + dots(64)), "");
    EXPECT_EQ(refusal("\n" + dots(65)), fmt::format("f:2: {}", kTooDeep));
    EXPECT_EQ(refusal("[" + dots(65) + "]"), fmt::format("f:1: {}", kTooDeep));
}

TEST(DocumentGuard, dots_in_quotes_and_comments_are_free) {
    auto many = dots(200);
    for (std::string_view format : {"a = \"{}\"", "a = '{}'", "a = \"\"\"\n{}\"\"\"", "a = '''{}'''", "# {}"})
        EXPECT_EQ(refusal(fmt::format(fmt::runtime(format), many)), "") << format;
}

TEST(DocumentGuard, what_is_not_ascii_needs_quotes) {
    EXPECT_EQ(refusal("a = 1\n\xc3\x96 = 2"), fmt::format("f:2: {}", kNeedsQuotes));
    EXPECT_EQ(refusal("a\xc2\xa0= 1"), fmt::format("f:1: {}", kNeedsQuotes)) << "a no-break space";
    EXPECT_EQ(refusal("a = '\xc3\x96' # \xc3\x96\n\"\xc3\x96\" = \"\"\"\n\xc3\x96\"\"\""), "");
    EXPECT_EQ(refusal("\xef\xbb\xbf" "a = 1"), "") << "a byte order mark";
}

// Whoever hides behind a quote that is none must be found: each line ends outside quotes, before the character.
TEST(DocumentGuard, knows_where_a_string_ends) {
    for (std::string_view before : {R"("a")", R"('a')", R"("\"")", R"("\\")", R"('\')", R"("")", R"("""a""")", R"("""a"""")",
                                    R"("""a""""")", R"("""a\"""")"  "\"\"", R"('''a'b''c''')", R"('''a'''')", "\"cut short\n",
                                    "'cut short\n", "# \"\n", "\"#\""})
        EXPECT_NE(refusal(std::string(before) + " \xc3\x96").find(kNeedsQuotes), std::string::npos) << before;
    for (std::string_view before : {"\"\"\"a\n\"\" ", "'''a'' ", "\"\\\" ", "\"\"\"\\\"\"\" ", "#"})
        EXPECT_EQ(refusal(std::string(before) + "\xc3\x96"), "") << before;
}

TEST(DocumentGuard, survives_what_ends_anywhere) {
    std::string text = "a = \"\\\"x\" # c\n'''\"''' = \"\"\"\\\"\"\"\"\n";
    for (std::size_t length = 0; length <= text.size(); ++length) EXPECT_EQ(refusal(text.substr(0, length)), "") << length;
}

}  // namespace
}  // namespace vs::model
