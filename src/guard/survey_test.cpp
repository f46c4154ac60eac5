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
#include "guard/look.hpp"
#include "guard/surveyor_protocol.hpp"
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

TEST(SurveyText, no_line_means_anything_but_what_was_agreed) {
    Entry entry;
    entry.path = "/a b";
    const auto line = print_entry(entry);
    ASSERT_TRUE(parse_survey("now " + line + "below " + line + "past -\nunknown /x why%20not\ndisagrees /y\nreached /z\nlooked_at 1\nhashed 2\nend\n"));
    for (const auto& bad : {"below " + line, std::string("past -\n"), std::string("now x\n"), "now  " + line, std::string("unknown /x\n"), std::string("unknown /x a b\n"), std::string("disagrees a%zz\n"),
                            std::string("looked_at -1\n"), std::string("looked_at\n"), std::string("hashed x\n"), std::string("nonsense 1\n"), std::string("\n"), std::string("end x\n"), "NOW " + line})
        EXPECT_FALSE(parse_survey(bad + "end\n")) << bad;
    for (const auto& bad : {"known x\n", "rule /x\n", "rule /x 4\n", "rule /x -1\n", "grown_from /x\n", "grown_from /x y\n", "entries x\n", "bytes\n", "seconds 1 2\n", "slice x\n", "only x\n", "only\n",
                            "compare\n", "compare all\n", "after a%z\n", "now /x\n"})
        EXPECT_FALSE(parse_orders(std::string(bad) + "end\n")) << bad;
    EXPECT_FALSE(parse_orders(""));
    EXPECT_EQ(parse_orders("end\n")->slice, UINT64_MAX) << "what is not ordered is as it always is";
}

TEST(SurveyText, each_order_comes_through_as_it_was_given) {
    SurveyOrders orders;
    Entry entry;
    entry.path = "/k";
    entry.size = 7;
    orders.rules = {{"/a b", Expectation::growing}, {"/", Expectation::ignored}};
    orders.known["/k"] = entry;
    entry.size = 8;
    orders.known_below["/k"] = entry;
    orders.grown_from["/var/log/x y"] = 12;
    orders.budget = {.entries = 5, .bytes = 6, .time = std::chrono::seconds(7)};
    orders.storage = Storage::compared;
    orders.after = "/b c";
    orders.slice = 9;
    const auto read = parse_orders(print_orders(orders));
    ASSERT_TRUE(read) << read.error().message();
    ASSERT_EQ(read->rules.size(), 2U);
    EXPECT_EQ(read->rules[0].path, "/a b");
    EXPECT_EQ(read->rules[0].expectation, Expectation::growing);
    EXPECT_EQ(read->known.at("/k").size, 7U);
    EXPECT_EQ(read->known_below.at("/k").size, 8U);
    EXPECT_EQ(read->grown_from.at("/var/log/x y"), 12U);
    EXPECT_EQ(read->budget.entries, 5U);
    EXPECT_EQ(read->budget.bytes, 6U);
    EXPECT_EQ(read->budget.time, std::chrono::seconds(7));
    EXPECT_EQ(read->storage, Storage::compared);
    EXPECT_EQ(read->after, "/b c");
    EXPECT_EQ(read->slice, 9U);
}

TEST(SurveyText, an_answer_about_marks_is_three_words) {
    for (const auto& marks : {OverlayMarks{}, OverlayMarks{true, false, ""}, OverlayMarks{false, true, "a b"}, OverlayMarks{true, true, "/x\n-"}, OverlayMarks{false, false, "-"}}) {
        const auto read = protocol::parse_marks(protocol::print_marks(marks));
        ASSERT_TRUE(read);
        EXPECT_EQ(read->opaque, marks.opaque);
        EXPECT_EQ(read->metacopy, marks.metacopy);
        EXPECT_EQ(read->redirect, marks.redirect);
    }
    for (const char* bad : {"", "-", "- -", "opaque metacopy a b", "- - %", "- -  "}) EXPECT_FALSE(protocol::parse_marks(bad)) << bad;
}

TEST_F(SurveyTest, what_is_remembered_counts_only_where_nothing_of_it_has_changed) {
    write("file", "x");
    const auto now = look().entries[0].now;
    struct stat status {};
    ASSERT_EQ(::stat((path + "/file").c_str(), &status), 0);
    auto known = now;
    known.stamp = entry_of("/file", status).stamp;
    struct Case {
        const char* what;
        void (*change)(Entry&);
        std::uint64_t hashed;
    };
    for (const auto& [what, change, hashed] :
         {Case{"as it is", [](Entry&) {}, 0}, Case{"another inode", [](Entry& e) { ++e.stamp.inode; }, 1}, Case{"changed", [](Entry& e) { ++e.stamp.changed; }, 1}, Case{"not to be believed", [](Entry& e) { e.stamp.changed = 0; }, 1},
          Case{"another size", [](Entry& e) { ++e.size; }, 1}, Case{"another mode", [](Entry& e) { e.mode ^= 1; }, 1}, Case{"another owner", [](Entry& e) { ++e.uid; }, 1}, Case{"another group", [](Entry& e) { ++e.gid; }, 1},
          Case{"another kind", [](Entry& e) { e.kind = Kind::fifo; }, 1}, Case{"never read", [](Entry& e) { e.digest.clear(); }, 1}}) {
        orders.known["/file"] = known;
        change(orders.known["/file"]);
        const auto seen = look();
        EXPECT_EQ(seen.hashed, hashed) << what;
        EXPECT_EQ(seen.entries[0].now.digest, now.digest) << what;
    }
    orders.known["/file"] = known;
    orders.storage = Storage::compared;
    EXPECT_EQ(look().hashed, 1U) << "who compares with the disk believes nothing";
}

TEST_F(SurveyTest, of_a_growing_file_the_first_bytes_are_told_and_only_those_that_were_accepted) {
    write("log", "0123456789");
    const auto first = [&](std::uint64_t length) {
        write("first", std::string_view("0123456789").substr(0, length));
        auto found = digest("first");
        ::unlink((path + "/first").c_str());
        return found;
    };
    struct Case {
        std::uint64_t accepted;
        std::string past;
    };
    orders.rules = {{"/", Expectation::growing}};
    EXPECT_EQ(look().entries[0].past_digest, "") << "nothing was accepted";
    for (const auto& [accepted, past] : {Case{4, first(4)}, Case{0, first(0)}, Case{10, first(10)}, Case{11, ""}}) {
        orders.grown_from["/log"] = accepted;
        EXPECT_EQ(look().entries[0].past_digest, past) << accepted;
    }
}

TEST(Digest, of_pairs_tells_where_one_ends_and_another_begins) {
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    std::set<std::string> digests;
    const std::vector<Pairs> all = {{{"a", "bc"}}, {{"ab", "c"}}, {{"abc", ""}}, {{"", "abc"}}, {{"a", "b"}, {"c", ""}}, {{"a", ""}, {"b", "c"}}, {{"c", ""}, {"a", "b"}}, {{"a", "bc"}, {"", ""}}};
    for (const auto& pairs : all) digests.insert(digest_of_pairs(pairs));
    EXPECT_EQ(digests.size(), all.size());
    EXPECT_EQ(digest_of_pairs({}), "");
    for (const auto& digest : digests) EXPECT_TRUE(is_digest(digest));
    EXPECT_NE(digest_of_text("a"), digest_of_text("b"));
    ReadBudget budget{10};
    EXPECT_TRUE(budget.take(10));
    EXPECT_EQ(budget.take(1).error().code, Code::busy);
    EXPECT_TRUE(budget.take(0));
}

}  // namespace
}  // namespace vs::guard
