#include "guard/policy.hpp"

#include <gtest/gtest.h>

namespace vs::guard {
namespace {

TEST(Policy, knows_what_to_expect_of_debian) {
    struct Case { std::string path; Expectation expected; };
    auto policy = Policy::of({});
    for (const auto& [path, expected] : std::vector<Case>{
             {"/", Expectation::frozen}, {"/etc/passwd", Expectation::frozen}, {"/etcetera", Expectation::frozen}, {"/usr/bin/ls", Expectation::packages},
             {"/usr/local/bin/x", Expectation::frozen}, {"/usrx", Expectation::frozen}, {"/var", Expectation::ignored}, {"/var/log/syslog", Expectation::growing},
             {"/var/log", Expectation::growing}, {"/var/logs", Expectation::ignored}, {"/var/spool/cron/crontabs/root", Expectation::frozen},
             {"/home/u/file", Expectation::ignored}, {"/home/u/.ssh/authorized_keys", Expectation::frozen}, {"/home/.ssh", Expectation::ignored},
             {"/root/.ssh/authorized_keys", Expectation::frozen}, {"/tmp/x", Expectation::ignored}})
        EXPECT_EQ(policy.of_path(path), expected) << path;
}

TEST(Policy, a_servers_own_rules_hold_over_the_defaults) {
    auto policy = Policy::of({.frozen = {"/srv/www", "/home/*/bin"}, .growing = {"/srv/audit"}, .ignored = {"/etc/cups", "/srv/www/cache"}});
    EXPECT_EQ(policy.of_path("/srv/www/index.html"), Expectation::frozen);
    EXPECT_EQ(policy.of_path("/srv/www/cache/1"), Expectation::ignored);
    EXPECT_EQ(policy.of_path("/srv/audit/1"), Expectation::growing);
    EXPECT_EQ(policy.of_path("/etc/cups/printers.conf"), Expectation::ignored);
    EXPECT_EQ(policy.of_path("/home/a/bin/x"), Expectation::frozen);
}

TEST(Policy, named_twice_the_stricter_rule_holds) {
    EXPECT_EQ(Policy::of({.frozen = {"/a"}, .growing = {"/a"}, .ignored = {"/a"}}).of_path("/a/b"), Expectation::frozen);
}

}  // namespace
}  // namespace vs::guard
