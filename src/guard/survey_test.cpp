// Real files below a temporary directory, without an overlay's marks: those are for tests/system/scan.bats.

#include "guard/survey.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "guard/content_digest.hpp"
#include "sys/file.hpp"
#include "sys/tree.hpp"

namespace vs::guard {
namespace {

class SurveyTest : public ::testing::Test {
  protected:
    SurveyTest() {
        std::string name = "/var/tmp/survey.XXXXXX";
        path = ::mkdtemp(name.data());
        orders.rules = Policy::all_frozen().rules();
    }
    ~SurveyTest() override { (void)sys::remove_tree(sys::open_dir(sys::kHere, "/var/tmp").value(), path.substr(9)); }

    void write(const std::string& name, std::string_view text) { std::ofstream(path + "/" + name) << text; }
    Survey look() {
        auto dir = sys::open_dir(sys::kHere, path).value();
        return survey({{dir, "", std::nullopt}}, orders, [](sys::FdRef) { return Result<OverlayMarks>(OverlayMarks()); });
    }
    std::string digest(const std::string& name) {
        auto fd = sys::open_at(sys::kHere, path + "/" + name, O_RDONLY).value();
        ReadBudget budget;
        ContentReader reader;
        return reader.read({fd}, static_cast<std::uint64_t>(sys::stat_fd(fd)->st_size), budget).value().digest;
    }

    std::string path;
    SurveyOrders orders;
};

TEST_F(SurveyTest, sees_every_kind_and_opens_no_fifo) {
    write("file", "x");
    ::mkdir((path + "/dir").c_str(), 0755);
    write("dir/inside", "y");
    ASSERT_EQ(::symlink("/etc/shadow", (path + "/link").c_str()), 0);
    ::mkfifo((path + "/fifo").c_str(), 0644);
    auto seen = look();
    EXPECT_EQ(seen.entries.size(), 5U);
    EXPECT_TRUE(seen.unknown.empty());
    EXPECT_EQ(seen.hashed, 2U);
    for (const auto& entry : seen.entries) EXPECT_EQ(entry.now.target, entry.now.path == "/link" ? "/etc/shadow" : "");
}

TEST_F(SurveyTest, survives_the_way_between_two_processes) {
    write("a b\n", "x");
    auto seen = look();
    seen.unknown.push_back({"/x y", "why not"});
    seen.disagreeing.push_back("/z");
    seen.entries[0].below = seen.entries[0].now;
    auto text = print_survey(seen);
    auto read = parse_survey(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(print_survey(*read), text);
    for (std::size_t length = 0; length < text.size(); ++length) EXPECT_FALSE(parse_survey(text.substr(0, length))) << length;
    EXPECT_FALSE(parse_survey(text + "end\n"));
}

TEST_F(SurveyTest, orders_survive_too) {
    orders.grown_from["/var/log/a b"] = 12;
    orders.budget = {.entries = 5, .bytes = 6, .time = std::chrono::seconds(7)};
    orders.storage = Storage::compared;
    auto text = print_orders(orders);
    auto read = parse_orders(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(print_orders(*read), text);
}

TEST_F(SurveyTest, what_is_young_is_not_remembered_and_what_is_old_is_not_read) {
    bool forgotten = false;
    for (int tries = 0; tries < 200 && !forgotten; ++tries) {  // a busy machine looks late: then it is not young any more
        write("file", "x");
        forgotten = look().entries[0].now.stamp.changed == 0;
    }
    EXPECT_TRUE(forgotten);
    auto entry = look().entries[0].now;
    struct stat status {};
    ::stat((path + "/file").c_str(), &status);
    entry.stamp.changed = std::int64_t{status.st_ctim.tv_sec} * 1'000'000'000 + status.st_ctim.tv_nsec;
    orders.known["/file"] = entry;
    EXPECT_EQ(look().hashed, 0U);
    write("file", "y");
    EXPECT_EQ(look().hashed, 1U);
}

TEST_F(SurveyTest, a_file_that_is_moved_to_where_was_looked_already_makes_the_survey_unknown) {
    for (const char* name : {"image", "tree", "tree/a", "tree/b"}) ::mkdir((path + "/" + name).c_str(), 0755);
    auto tree = sys::open_dir(sys::kHere, path + "/tree").value(), image = sys::open_dir(sys::kHere, path + "/image").value();
    for (const char* name : {"tree/a/evil", "tree/b/evil"}) write(name, "x");
    std::vector<std::string> directories;  // in the order in which they are come to
    auto move_behind = [&](sys::FdRef asked) {
        auto name = sys::read_link(sys::kHere, fmt::format("/proc/self/fd/{}", asked.get())).value();
        if (!name.ends_with("evil")) directories.push_back(name);
        if (directories.size() == 2) (void)::rename((directories[1] + "/evil").c_str(), (directories[0] + "/evil2").c_str());
        return Result<OverlayMarks>(OverlayMarks());
    };
    auto seen = survey({{tree, "", image}}, orders, move_behind);
    ASSERT_EQ(directories.size(), 2U);
    ASSERT_EQ(seen.unknown.size(), 1U);
    EXPECT_EQ(seen.unknown[0].path, directories[0].substr(path.size() + 5));
}

TEST_F(SurveyTest, every_budget_ends_in_unknown) {
    for (const char* name : {"a", "b", "c"}) write(name, "0123456789");
    orders.budget.bytes = 15;
    EXPECT_EQ(look().unknown.size(), 2U);
    orders.budget.bytes = 1000;
    orders.budget.entries = 2;
    EXPECT_FALSE(look().unknown.empty());
    orders.budget.entries = 1000;
    orders.budget.time = std::chrono::seconds(-1);
    EXPECT_FALSE(look().unknown.empty());
}

TEST_F(SurveyTest, a_hole_is_the_same_content_as_zeros_and_costs_nothing) {
    write("hole", "");
    write("zeros", std::string(3'000'000, '\0'));
    ASSERT_EQ(::truncate((path + "/hole").c_str(), 3'000'000), 0);
    EXPECT_EQ(digest("hole"), digest("zeros"));
    ASSERT_EQ(::truncate((path + "/hole").c_str(), 3'000'001), 0);
    EXPECT_NE(digest("hole"), digest("zeros"));
    ASSERT_EQ(::truncate((path + "/hole").c_str(), off_t{1} << 40), 0);
    EXPECT_EQ(digest("hole").size(), 64U);
}

TEST_F(SurveyTest, a_digest_tells_contents_apart_wherever_they_differ) {
    std::string text(1'000'000, 'x');
    write("a", text);
    auto whole = digest("a");
    for (std::size_t at : {std::size_t{0}, std::size_t{262143}, std::size_t{262144}, std::size_t{999'999}}) {
        auto other = text;
        other[at] = 'y';
        write("a", other);
        EXPECT_NE(digest("a"), whole) << at;
    }
    write("a", text + std::string(1, '\0'));
    EXPECT_NE(digest("a"), whole);
}

TEST_F(SurveyTest, slices_together_are_a_whole_walk_and_no_file_is_in_two) {
    for (const char* dir : {"a", "a/b", "a-", "z", "empty"}) ::mkdir((path + "/" + dir).c_str(), 0755);
    for (const char* file : {"a/b/1", "a/b/2", "a/c", "a-/x", "a.txt", "m", "z/1", "z/2"}) write(file, "content");
    auto whole = look();
    std::set<std::string> seen;
    std::size_t slices = 0;
    orders.slice = 10;  // each ends with the second file
    do {
        auto part = look();
        for (const auto& entry : part.entries) EXPECT_TRUE(seen.insert(entry.now.path).second) << entry.now.path;
        EXPECT_LE(part.hashed, 2U);
        orders.after = part.reached;
        ++slices;
    } while (!orders.after.empty() && slices < 20);
    EXPECT_EQ(seen.size(), whole.entries.size());
    EXPECT_GE(slices, 4U);
}

TEST(Survey, the_order_of_a_walk) {
    EXPECT_TRUE(comes_before("/a", "/a/b"));
    EXPECT_TRUE(comes_before("/a/b", "/a-"));
    EXPECT_TRUE(comes_before("/a/z", "/a.txt"));
    EXPECT_FALSE(comes_before("/a", "/a"));
    EXPECT_FALSE(comes_before("/b", "/a/b"));
}

TEST_F(SurveyTest, looks_at_what_was_asked_for_and_at_nothing_else) {
    ::mkdir((path + "/dir").c_str(), 0755);
    write("dir/program", "x");
    write("dir/other", "y");
    ASSERT_EQ(::symlink("dir", (path + "/link").c_str()), 0);
    orders.only = {"/dir/program", "/dir/absent", "/absent/program"};
    auto seen = look();
    ASSERT_EQ(seen.entries.size(), 1U);
    EXPECT_EQ(seen.entries[0].now.path, "/dir/program");
    EXPECT_EQ(seen.entries[0].now.digest, digest("dir/program"));
    EXPECT_TRUE(seen.unknown.empty());
    orders.only = {"/link/program"};  // no link is followed
    EXPECT_TRUE(look().entries.empty());
    orders.only = {"/../../etc/passwd"};
    EXPECT_TRUE(look().entries.empty());
    auto again = parse_orders(print_orders(orders));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->only, orders.only);
}

}  // namespace
}  // namespace vs::guard
