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

}  // namespace
}  // namespace vs::guard
