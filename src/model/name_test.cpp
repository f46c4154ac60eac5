#include "model/name.hpp"

#include <gtest/gtest.h>

namespace vs::model {
namespace {

TEST(ServerName, takes_what_the_pattern_takes) {
    for (const auto& good : {std::string("a"), std::string("0"), std::string("Web-1_b"), std::string("a-"), std::string(63, 'x')}) {
        auto name = ServerName::parse(good);
        ASSERT_TRUE(name) << good;
        EXPECT_EQ(name->text(), good);
    }
}

TEST(ServerName, refuses_paths_options_and_everything_else) {
    const std::string_view bad[] = {"",     "-a",  "_a",   ".",     "..",       ".a",       "a.b",  "a/b",   "/a",
                                    "a b",  " a",  "a\n",  "a\tb",  "a;b",      "$(a)",     "a=b",  "a:b",   "a@b",
                                    "a%b",  "a\\b", "\x1b", "gr\xc3\xbc", "a*", "a?",       "~a",   "a\x7f", "ALL!"};
    for (auto text : bad) EXPECT_FALSE(ServerName::parse(text)) << text;
    EXPECT_FALSE(ServerName::parse(std::string(64, 'x')));
    EXPECT_FALSE(ServerName::parse(std::string_view("a\0b", 3)));
}

TEST(ServerName, is_none_of_the_other_files_beside_the_settings) {
    for (std::string_view text : {"grants", "Grants", "GRANTS"}) EXPECT_FALSE(ServerName::parse(text)) << text;
    EXPECT_TRUE(ServerName::parse("grants2"));
}

TEST(ServerName, says_what_a_name_is) {
    auto name = ServerName::parse("../etc");
    ASSERT_FALSE(name);
    EXPECT_EQ(name.error().code, Code::usage);
    EXPECT_EQ(name.error().message(),
              "'../etc' cannot be a server's name: use 1 to 63 of A-Z a-z 0-9 _ -, beginning with a letter or digit");
}

TEST(ServerName, does_not_repeat_a_flood) {
    EXPECT_LT(ServerName::parse(std::string(1 << 20, 'x')).error().message().size(), 200U);
}

TEST(ServerName, folds_for_comparisons) {
    EXPECT_EQ(ServerName::parse("Web-1_B")->folded(), "web-1_b");
    EXPECT_NE(*ServerName::parse("Web"), *ServerName::parse("web")) << "what was written stays as written";
}

TEST(ServerName, lends_itself_as_a_host_name) {
    EXPECT_EQ(ServerName::parse("Web-1")->host_name(), "Web-1");
    EXPECT_EQ(ServerName::parse("a_b")->host_name(), "a-b");
    EXPECT_EQ(ServerName::parse("a_-_")->host_name(), "a");
}

TEST(ServerNumber, everything_numeric_follows_from_it) {
    EXPECT_EQ(ServerNumber{0}.context(), 100U);
    EXPECT_EQ(ServerNumber{7}.context(), 107U);
    EXPECT_EQ(ServerNumber{0}.first_id(), 0x70000000U);
    EXPECT_EQ(ServerNumber{1}.first_id(), 0x70010000U);
}

TEST(ServerNumber, the_last_range_fits_in_31_bits) {
    std::uint64_t end = std::uint64_t{ServerNumber{ServerNumber::kMost}.first_id()} + 65536;
    EXPECT_EQ(end, 1ULL << 31);
}

}  // namespace
}  // namespace vs::model
