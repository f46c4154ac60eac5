#include "guard/judge.hpp"

#include <gtest/gtest.h>

namespace vs::guard {
namespace {

Entry file(const std::string& path, char content = 'a') {
    Entry entry;
    entry.path = path;
    entry.mode = 0644;
    entry.size = 10;
    entry.digest = std::string(64, content);
    entry.stamp.inode = 1;
    return entry;
}

Entry directory(const std::string& path) {
    Entry entry;
    entry.path = path;
    entry.kind = Kind::directory;
    entry.mode = 0755;
    return entry;
}

std::string judged_all(const std::vector<Observed>& seen, const Accepted& accepted) {
    Survey survey;
    survey.entries = seen;
    auto found = judge(survey, accepted, Policy::of({}));
    if (found.empty()) return "";
    return fmt::format("{} {}", change_name(found[0].change), found[0].path);
}

std::string judged(const Observed& seen, const Accepted& accepted = {}) { return judged_all({seen}, accepted); }

TEST(Judge, what_is_as_accepted_or_as_in_the_image_is_nothing) {
    EXPECT_EQ(judged({file("/etc/a"), std::nullopt, {}}, {{"/etc/a", file("/etc/a")}}), "");
    EXPECT_EQ(judged({file("/etc/a"), file("/etc/a"), {}}), "");
    EXPECT_EQ(judged({directory("/etc"), directory("/etc"), {}}), "");
}

TEST(Judge, another_inode_alone_is_nothing) {
    auto moved = file("/etc/a");
    moved.stamp = {77, 99};
    EXPECT_EQ(judged({moved, std::nullopt, {}}, {{"/etc/a", file("/etc/a")}}), "");
}

TEST(Judge, additions_changes_and_removals) {
    EXPECT_EQ(judged({file("/etc/a"), std::nullopt, {}}), "added /etc/a");
    EXPECT_EQ(judged({file("/etc/a", 'b'), file("/etc/a"), {}}), "modified /etc/a");
    auto whiteout = file("/etc/a");
    whiteout.kind = Kind::whiteout;
    EXPECT_EQ(judged({whiteout, file("/etc/a"), {}}), "removed /etc/a");
    EXPECT_EQ(judged({whiteout, std::nullopt, {}}), "");
    EXPECT_EQ(judged({whiteout, std::nullopt, {}}, {{"/etc/a", file("/etc/a")}}), "removed /etc/a");
    EXPECT_EQ(judged({directory("/etc"), directory("/etc"), {}}, {{"/etc/b", file("/etc/b")}}), "removed /etc/b");
}

TEST(Judge, what_was_accepted_counts_and_not_the_image) {
    Accepted accepted = {{"/etc/a", file("/etc/a", 'b')}};
    EXPECT_EQ(judged({file("/etc/a", 'a'), file("/etc/a", 'a'), {}}, accepted), "modified /etc/a");
}

TEST(Judge, a_directory_in_place_of_the_images) {
    auto opaque = directory("/opt/d"), renamed = directory("/opt/e");
    opaque.opaque = true;
    renamed.target = "d";
    EXPECT_EQ(judged({opaque, directory("/opt/d"), {}}), "replaced /opt/d");
    EXPECT_EQ(judged({opaque, std::nullopt, {}}), "added /opt/d");
    EXPECT_EQ(judged({renamed, std::nullopt, {}}), "moved /opt/e");
}

TEST(Judge, data_may_be_anything_but_privileged) {
    auto data = file("/tmp/a");
    EXPECT_EQ(judged({data, std::nullopt, {}}), "");
    data.mode = 04755;
    EXPECT_EQ(judged({data, std::nullopt, {}}), "privileged /tmp/a");
    EXPECT_EQ(judged({data, std::nullopt, {}}, {{"/tmp/a", data}}), "");
    EXPECT_EQ(judged({data, data, {}}), "");
    auto other = data;
    other.digest = std::string(64, 'z');
    EXPECT_EQ(judged({other, std::nullopt, {}}, {{"/tmp/a", data}}), "privileged /tmp/a");
}

TEST(Judge, a_log_may_grow_and_be_rotated) {
    auto before = file("/var/log/l"), longer = file("/var/log/l", 'b'), fresh = file("/var/log/l", 'c'), old = file("/var/log/l.1");
    Accepted accepted = {{"/var/log/l", before}};
    longer.size = 20;
    EXPECT_EQ(judged({longer, std::nullopt, before.digest}, accepted), "");
    EXPECT_EQ(judged({longer, std::nullopt, std::string(64, 'x')}, accepted), "rewritten /var/log/l");
    EXPECT_EQ(judged({longer, std::nullopt, ""}, accepted), "rewritten /var/log/l");
    fresh.stamp.inode = 2;
    EXPECT_EQ(judged({fresh, std::nullopt, ""}, accepted), "rewritten /var/log/l") << "as sed -i does it";
    EXPECT_EQ(judged({fresh, std::nullopt, before.digest}, accepted), "") << "a copy that has grown";
    old.stamp.inode = 3;
    EXPECT_EQ(judged_all({{fresh, std::nullopt, ""}, {old, std::nullopt, ""}}, accepted), "") << "compressed by the way";
    old.stamp.inode = before.stamp.inode;
    EXPECT_EQ(judged({old, std::nullopt, ""}, accepted), "");
    EXPECT_EQ(judged({file("/var/log/other"), std::nullopt, ""}, {{"/var/log/l", file("/var/log/l")}}).substr(0, 7), "");
    auto stranger = file("/var/log/other");
    stranger.stamp.inode = 5;
    EXPECT_EQ(judged({stranger, std::nullopt, ""}, accepted), "removed /var/log/l");
}

TEST(Judge, a_difference_weighs_more_than_what_is_not_known_and_that_is_never_ok) {
    EXPECT_EQ(verdict_of({}, {}), Verdict::ok);
    EXPECT_EQ(verdict_of({}, {{"/a", "too large"}}), Verdict::unknown);
    EXPECT_EQ(verdict_of({{Change::added, "/a", Expectation::frozen, ""}}, {{"/a", "too large"}}), Verdict::changed);
    EXPECT_NE(verdict_status(Verdict::unknown), 0);
    EXPECT_NE(verdict_status(Verdict::changed), 0);
}

TEST(Judge, a_log_is_gone_whatever_others_are_called_that_are_none_of_its_own) {
    struct Case {
        const char *log, *other;
        bool rotated;
    };
    for (const auto& [log, other, rotated] :
         {Case{"/var/log/auth.log", "/var/log/auth.log.1", true}, Case{"/var/log/auth.log", "/var/log/auth.log.2.gz", true}, Case{"/var/log/auth.log", "/var/log/auth.log-20260102", true},
          Case{"/var/log/auth.log", "/var/log/auth.log.old", true}, Case{"/var/log/auth.log", "/var/log/auth-20260102.log", true}, Case{"/var/log/auth.log", "/var/log/auth.1.log", true},
          Case{"/var/log/syslog", "/var/log/syslog.1", true}, Case{"/var/log/a.b/x", "/var/log/a.b/x.1", true}, Case{"/var/log/.x.log", "/var/log/.x.log.1", true},
          Case{"/var/log/boot.log", "/var/log/bootstrap.log", false}, Case{"/var/log/mail.log", "/var/log/mail.err", false}, Case{"/var/log/l", "/var/log/lastlog", false},
          Case{"/var/log/.x", "/var/log/other", false}, Case{"/var/log/.x", "/var/log/.y.1", false}, Case{"/var/log/a.b/x", "/var/log/a.b/y.1", false}, Case{"/var/log/a.b/x", "/var/log/a.c/x.1", false}}) {
        auto before = file(log), there = file(other);
        there.stamp.inode = 5;
        EXPECT_EQ(judged({there, std::nullopt, ""}, {{log, before}}), rotated ? "" : fmt::format("removed {}", log)) << other;
        auto anew = file(log, 'c');
        anew.stamp.inode = 6;
        EXPECT_EQ(judged_all({{anew, std::nullopt, ""}, {there, std::nullopt, ""}}, {{log, before}}), rotated ? "" : fmt::format("rewritten {}", log)) << other;
    }
}

/// All that is said of one entry.
std::string said(const Observed& seen, const Accepted& accepted = {}) {
    Survey survey;
    survey.entries = {seen};
    std::string text;
    for (const auto& found : judge(survey, accepted, Policy::of({}))) text += fmt::format("{} {}: {};", change_name(found.change), found.path, found.detail);
    return text;
}

TEST(Judge, each_fact_of_a_file_that_is_not_as_it_was_is_named) {
    struct Case {
        void (*change)(Entry&);
        const char* detail;
    };
    for (const auto& [change, detail] : {Case{[](Entry& now) { now.digest = std::string(64, 'b'); }, "content"}, Case{[](Entry& now) { now.size = 11; }, "content"},
                                         Case{[](Entry& now) { now.mode = 04755; }, "mode 0644 -> 4755"}, Case{[](Entry& now) { now.uid = 7; }, "owner 0:0 -> 7:0"},
                                         Case{[](Entry& now) { now.gid = 7; }, "owner 0:0 -> 0:7"}, Case{[](Entry& now) { now.xattrs = std::string(64, 'c'); }, "extended attributes"},
                                         Case{[](Entry& now) { now.capability = true, now.xattrs = std::string(64, 'c'); }, "a capability"}, Case{[](Entry& now) { now.kind = Kind::fifo; }, "file -> fifo"},
                                         Case{[](Entry& now) { now.kind = Kind::link, now.target = "/x"; }, "file -> link"},
                                         Case{[](Entry& now) { now.mode = 0600, now.uid = 1, now.digest.clear(); }, "content, mode 0644 -> 0600, owner 0:0 -> 1:0"}}) {
        auto now = file("/etc/a");
        change(now);
        EXPECT_EQ(said({now, std::nullopt, {}}, {{"/etc/a", file("/etc/a")}}), fmt::format("modified /etc/a: {};", detail));
        EXPECT_EQ(said({now, file("/etc/a"), {}}), fmt::format("modified /etc/a: {};", detail));
    }
    auto had = file("/etc/a"), link = file("/etc/l"), other = link;
    had.capability = true;
    EXPECT_EQ(said({file("/etc/a"), std::nullopt, {}}, {{"/etc/a", had}}), "modified /etc/a: lost its capability;");
    link.kind = other.kind = Kind::link;
    link.target = "/new", other.target = "/old";
    EXPECT_EQ(said({link, other, {}}), "modified /etc/l: target /old -> /new;");
    EXPECT_EQ(said({link, std::nullopt, {}}), "added /etc/l: link to /new;");
}

TEST(Judge, what_changed_in_a_directory_itself_is_told_as_what_it_is) {
    auto opaque = directory("/etc/d"), moved = directory("/etc/d"), mode = directory("/etc/d");
    opaque.opaque = true;
    moved.target = "e";
    mode.mode = 0777;
    const Accepted accepted = {{"/etc/d", directory("/etc/d")}};
    EXPECT_EQ(said({opaque, std::nullopt, {}}, accepted), "replaced /etc/d: a new directory of the same name;");
    EXPECT_EQ(said({moved, std::nullopt, {}}, accepted), "moved /etc/d: from e;");
    EXPECT_EQ(said({mode, std::nullopt, {}}, accepted), "modified /etc/d: mode 0755 -> 0777;");
    EXPECT_EQ(said({directory("/etc/d"), std::nullopt, {}}, {{"/etc/d", opaque}}).substr(0, 16), "modified /etc/d:");
    EXPECT_EQ(said({opaque, file("/etc/d"), {}}), "replaced /etc/d: the image has a file there;");
    EXPECT_EQ(said({moved, directory("/etc/d"), {}}), "moved /etc/d: from e;");
}

TEST(Judge, where_nothing_is_expected_only_rights_count_and_they_do_everywhere) {
    struct Case {
        unsigned mode;
        bool capability;
        Kind kind;
        bool told;
    };
    for (const char* path : {"/tmp/a", "/srv/a", "/home/u/a", "/var/lib/a", "/var/log/a"})
        for (const auto& [mode, capability, kind, told] : {Case{0755, false, Kind::file, false}, Case{04755, false, Kind::file, true}, Case{02755, false, Kind::file, true}, Case{01777, false, Kind::file, false},
                                                           Case{0755, true, Kind::file, true}, Case{02755, false, Kind::directory, false}, Case{04755, false, Kind::link, false}}) {
            auto entry = file(path);
            entry.mode = mode, entry.capability = capability, entry.kind = kind;
            EXPECT_EQ(judged({entry, std::nullopt, {}}), told ? fmt::format("privileged {}", path) : "") << mode;
        }
}

TEST(Judge, findings_come_in_the_order_of_their_paths_and_each_with_what_was_expected_there) {
    Survey survey;
    for (const char* path : {"/usr/b", "/etc/a", "/usr/local/c"}) survey.entries.push_back({file(path), std::nullopt, {}});
    survey.disagreeing = {"/var/lib/x", "/etc/a"};
    std::string text;
    for (const auto& found : judge(survey, {}, Policy::of({}))) text += fmt::format("{} {} {};", change_name(found.change), found.path, expectation_name(found.expectation));
    EXPECT_EQ(text, "added /etc/a frozen;disagrees /etc/a frozen;added /usr/b packages;added /usr/local/c frozen;disagrees /var/lib/x ignored;");
}

}  // namespace
}  // namespace vs::guard
