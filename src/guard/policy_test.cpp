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

TEST(Policy, the_longest_rule_holds_and_of_equal_ones_the_later) {
    const Policy policy({{"/", Expectation::ignored}, {"/a", Expectation::frozen}, {"/a/*/c", Expectation::growing}, {"/a/b", Expectation::packages}, {"/a/b/c", Expectation::ignored}, {"/a/b/c", Expectation::frozen}});
    struct Case { const char* path; Expectation expected; };
    for (const auto& [path, expected] : {Case{"/", Expectation::ignored}, Case{"/x", Expectation::ignored}, Case{"/a", Expectation::frozen}, Case{"/ab", Expectation::ignored},
                                         Case{"/a/x", Expectation::frozen}, Case{"/a/x/c", Expectation::growing}, Case{"/a/x/c/d", Expectation::growing}, Case{"/a/b", Expectation::packages},
                                         Case{"/a/b/x", Expectation::packages}, Case{"/a/b/c", Expectation::frozen}, Case{"/a/*/c", Expectation::growing}})
        EXPECT_EQ(policy.of_path(path), expected) << path;
    EXPECT_EQ(Policy({}).of_path("/x"), Expectation::frozen) << "of what no rule speaks everything is expected";
}

TEST(Policy, knows_where_something_is_expected_below_a_place) {
    const Policy policy({{"/", Expectation::ignored}, {"/var/lib/dpkg", Expectation::packages}, {"/home/*/.ssh", Expectation::frozen}, {"/srv/x", Expectation::ignored}});
    struct Case { const char* path; bool expects; };
    for (const auto& [path, expects] : {Case{"/", true}, Case{"/var", true}, Case{"/var/lib", true}, Case{"/var/lib/dpkg", false}, Case{"/va", false}, Case{"/home", true},
                                        Case{"/home/u", true}, Case{"/home/u/.ssh", false}, Case{"/home/u/x", false}, Case{"/srv", false}, Case{"/tmp", false}})
        EXPECT_EQ(policy.expects_below(path), expects) << path;
}

TEST(Policy, an_image_is_frozen_everywhere) {
    for (const char* path : {"/", "/tmp/x", "/var/log/syslog", "/home/u"}) EXPECT_EQ(Policy::all_frozen().of_path(path), Expectation::frozen) << path;
    EXPECT_EQ(expectation_name(Expectation::frozen), "frozen");
    EXPECT_EQ(expectation_name(Expectation::packages), "packages");
    EXPECT_EQ(expectation_name(Expectation::growing), "growing");
    EXPECT_EQ(expectation_name(Expectation::ignored), "ignored");
}

TEST(Policy, every_default_is_as_it_is_written_down) {
    struct Case {
        Expectation expected;
        std::vector<const char*> paths;
    };
    const auto policy = Policy::of({});
    for (const auto& [expected, paths] :
         {Case{Expectation::ignored, {"/dev/x", "/proc/x", "/run/x", "/sys/x", "/var/cache/x", "/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/triggers/Lock", "/var/log/journal/m/system.journal",
                                      "/var/log/lastlog", "/var/log/faillog", "/etc/.pwd.lock", "/etc/.updated", "/etc/adjtime", "/etc/mtab", "/etc/resolv.conf", "/root/.bash_history", "/root/.cache/x", "/root/.lesshst",
                                      "/root/.viminfo", "/srv/x", "/home/u/.config/x"}},
          Case{Expectation::frozen, {"/bin", "/opt/x", "/etc/shadow", "/etc/apt/sources.list", "/etc/cron.d/x", "/etc/ld.so.preload", "/root/.bashrc", "/root/.profile", "/usr/local/lib/x", "/var/spool/cron/crontabs/u",
                                     "/var/www/html/x", "/home/u/.ssh/config", "/home/u/.config/systemd/user/x", "/home/u/.profile", "/home/u/.bashrc", "/home/u/.bash_profile", "/lib/x", "/dev2", "/etc/mtab2"}},
          Case{Expectation::packages, {"/usr", "/usr/lib/x", "/usr/localx", "/boot/vmlinuz", "/var/lib/dpkg/status", "/var/lib/dpkg/info/x.list", "/var/lib/dpkg/triggers/File"}},
          Case{Expectation::growing, {"/var/log/auth.log", "/var/log/wtmp", "/var/log/apt/history.log", "/var/log/journalx"}}})
        for (const char* path : paths) EXPECT_EQ(expectation_name(policy.of_path(path)), expectation_name(expected)) << path;
}

TEST(Policy, a_star_stands_for_one_name_and_for_no_other_sign) {
    const Policy policy({{"/", Expectation::ignored}, {"/h/*/k", Expectation::frozen}, {"/h/*x/k", Expectation::growing}, {"/*/only", Expectation::packages}});
    struct Case {
        const char* path;
        Expectation expected;
    };
    for (const auto& [path, expected] : {Case{"/h/a/k", Expectation::frozen}, Case{"/h/a/k/b", Expectation::frozen}, Case{"/h/a/b/k", Expectation::ignored}, Case{"/h/k", Expectation::ignored}, Case{"/h//k", Expectation::frozen},
                                         Case{"/h/ax/k", Expectation::frozen}, Case{"/h/*x/k", Expectation::growing}, Case{"/q/only", Expectation::packages}, Case{"/only", Expectation::ignored}})
        EXPECT_EQ(expectation_name(policy.of_path(path)), expectation_name(expected)) << path;
}

}  // namespace
}  // namespace vs::guard
