#include "model/accounts.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace vs::model {
namespace {

using namespace std::string_view_literals;

constexpr auto kPasswd =
    "root:x:0:0:root:/root:/bin/bash\n"
    "# a comment\n"
    "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
    "+::::::\n"
    "short:x:5:5:/home\n"
    "long:x:6:6:g:/home:/bin/sh:more\n"
    "minus:x:-1:7::/:/bin/sh\n"
    "hex:x:0x8:8::/:/bin/sh\n"
    "octal:x:010:10::/:/bin/sh\n"
    "keep:x:4294967295:4294967295::/:/bin/sh\n"
    "wrap:x:4294967296:0::/:/bin/sh\n"
    "nul\0:x:11:11::/:/bin/sh\n"
    "1000:x:0:0:a number for a name:/:/bin/sh\n"
    "web:x:33:33:www:/var/www:\n"
    "web:x:0:0:a second time:/:/bin/sh\n"
    "last:x:42:43::/last:/bin/sh"sv;

TEST(parse_id, takes_plain_decimal_numbers_only) {
    EXPECT_EQ(parse_id("0"), 0U);
    EXPECT_EQ(parse_id("65535"), 65535U);
    EXPECT_EQ(parse_id("4294967294"), 4294967294U);
    for (auto text : {"", " ", "-0", "-1", "+1", "00", "01", "1 ", " 1", "1a", "0x1", "1e1", "1.0", "4294967295", "4294967296",
                      "18446744073709551616", "99999999999", "\xd9\xa1"})
        EXPECT_FALSE(parse_id(text).has_value()) << text;
}

TEST(find_account, finds_by_name) {
    auto web = find_account(kPasswd, "web");
    ASSERT_TRUE(web.has_value());
    EXPECT_EQ(web->uid, 33U);
    EXPECT_EQ(web->gid, 33U);
    EXPECT_EQ(web->home, "/var/www");
    EXPECT_EQ(web->shell, "");
}

TEST(find_account, reads_a_last_line_without_newline) { EXPECT_EQ(find_account(kPasswd, "last")->gid, 43U); }

TEST(find_account, takes_digits_for_a_uid_and_never_for_a_name) {
    EXPECT_EQ(find_account(kPasswd, "1")->name, "daemon");
    auto number = find_account(kPasswd, "1000");
    ASSERT_TRUE(number.has_value());
    EXPECT_EQ(number->uid, 1000U);
    EXPECT_EQ(number->gid, 1000U);
    EXPECT_EQ(number->name, "");
    EXPECT_FALSE(find_account(kPasswd, "01").has_value());
    EXPECT_FALSE(find_account(kPasswd, "4294967295").has_value());
    EXPECT_FALSE(find_account(kPasswd, "99999999999999999999").has_value());
}

TEST(find_account, passes_over_lines_that_are_not_whole) {
    for (auto name : {"", "+", "short", "long", "minus", "hex", "octal", "keep", "wrap", "nul", "# a comment", "WEB", "web ", "we"})
        EXPECT_FALSE(find_account(kPasswd, name).has_value()) << name;
}

TEST(find_account, knows_root_without_a_file) {
    EXPECT_EQ(find_account("", "root")->uid, 0U);
    EXPECT_EQ(find_account("", "0")->uid, 0U);
    EXPECT_FALSE(find_account("", "web").has_value());
}

TEST(find_groups, lists_the_groups_that_name_the_member) {
    constexpr auto kGroup =
        "root:x:0:\nadm:x:4:web,last\nshort:x:web\nssl:x:102:last,web\nbad:x:1x:web\nwebs:x:7:webs\nmore:x:8:w,web,\n"sv;
    std::array<std::uint32_t, 8> room{};
    ASSERT_EQ(find_groups(kGroup, "web", room), 3U);
    EXPECT_EQ(room[0], 4U);
    EXPECT_EQ(room[1], 102U);
    EXPECT_EQ(room[2], 8U);
    EXPECT_EQ(find_groups(kGroup, "nobody", room), 0U);
    EXPECT_EQ(find_groups("odd:x:5:,,\n", "", room), 0U) << "a number without a name is in no group";
}

TEST(find_groups, refuses_more_than_there_is_room_for) {
    std::array<std::uint32_t, 1> room{};
    EXPECT_EQ(find_groups("a:x:1:web\n", "web", room), 1U);
    EXPECT_FALSE(find_groups("a:x:1:web\nb:x:2:web\n", "web", room).has_value());
}

}  // namespace
}  // namespace vs::model
