#include "model/grants.hpp"

#include <gtest/gtest.h>

namespace vs::model {
namespace {

constexpr std::string_view kPasswd = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/srv/alice:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";

std::vector<Grant> good(std::string_view text) {
    auto grants = parse_grants(text, "grants.toml");
    EXPECT_TRUE(grants) << grants.error().message();
    return grants.value_or(std::vector<Grant>());
}

std::string problem(std::string_view text) {
    auto grants = parse_grants(text, "grants.toml");
    return grants ? "" : grants.error().message();
}

TEST(Grants, a_user_has_addresses_and_bounds) {
    auto grants = good("[user.alice]\naddresses = [\"192.0.2.7\", \"2001:db8::7\"]\nlocks = 3\nprocesses = 10\nlow_ports = true\n");
    ASSERT_EQ(grants.size(), 1U);
    EXPECT_EQ(grants[0].user, "alice");
    EXPECT_EQ(grants[0].addresses.size(), 2U);
    EXPECT_EQ(grants[0].locks, 3U);
    EXPECT_EQ(grants[0].processes, 10U);
    EXPECT_TRUE(grants[0].low_ports);
}

TEST(Grants, what_is_not_said_is_the_narrower) {
    auto grants = good("[user.alice]\naddresses = [\"192.0.2.7\"]\n");
    ASSERT_EQ(grants.size(), 1U);
    EXPECT_FALSE(grants[0].low_ports);
    EXPECT_EQ(grants[0].locks, 8U);
    EXPECT_EQ(grants[0].processes, 512U);
    EXPECT_TRUE(good("").empty());
}

TEST(Grants, the_uid_counts_before_the_name_and_everybody_last) {
    auto grants = good("[user.\"*\"]\naddresses = [\"192.0.2.1\"]\n[user.alice]\naddresses = [\"192.0.2.2\"]\n[user.1000]\n"
                       "addresses = [\"192.0.2.3\"]\n[user.bob]\naddresses = [\"192.0.2.4\"]\n");
    auto first = [&](std::uint32_t uid) {
        const auto* grant = find_grant(grants, uid, kPasswd);
        return grant != nullptr ? grant->addresses[0].text() : "none";
    };
    EXPECT_EQ(first(1000), "192.0.2.3");
    EXPECT_EQ(first(1001), "192.0.2.4");
    EXPECT_EQ(first(4711), "192.0.2.1");
    EXPECT_EQ(find_grant(good("[user.alice]\naddresses = [\"192.0.2.7\"]\n"), 1001, kPasswd), nullptr);
    EXPECT_EQ(find_grant(good("[user.nobody-has-it]\naddresses = [\"192.0.2.7\"]\n"), 1001, kPasswd), nullptr);
}

TEST(Grants, anything_that_is_not_understood_grants_nothing) {
    for (std::string_view text : {
             "[user.alice]\n", "[user.alice]\naddresses = []\n", "[user.alice]\naddresses = \"192.0.2.7\"\n",
             "[user.alice]\naddresses = [\"192.0.2.0/24\"]\n", "[user.alice]\naddresses = [\"0.0.0.0\"]\n",
             "[user.alice]\naddresses = [\"127.0.0.1\"]\n", "[user.alice]\naddress = [\"192.0.2.7\"]\n",
             "[user.alice]\naddresses = [\"192.0.2.7\"]\nlocks = 0\n", "[user.alice]\naddresses = [\"192.0.2.7\"]\nlocks = -1\n",
             "[user.alice]\naddresses = [\"192.0.2.7\"]\nlocks = 257\n", "[user.alice]\naddresses = [\"192.0.2.7\"]\nlow_ports = 1\n",
             "[user.\"a b\"]\naddresses = [\"192.0.2.7\"]\n", "[user.\"\"]\naddresses = [\"192.0.2.7\"]\n",
             "[user.01]\naddresses = [\"192.0.2.7\"]\n", "[user.4294967295]\naddresses = [\"192.0.2.7\"]\n", "[alice]\n", "user = 1\n",
             "[group.staff]\naddresses = [\"192.0.2.7\"]\n", "[user.alice]\naddresses = [\"192.0.2.7\"]\n[user.alice]\n", "x"})
        EXPECT_NE(problem(text), "") << text;
}

TEST(Grants, a_problem_has_its_place) {
    EXPECT_NE(problem("\n[user.alice]\naddress = 1\n").find("grants.toml:3: user.alice.address: there is no such key"), std::string::npos);
}

}  // namespace
}  // namespace vs::model
