// What belongs to an image, and what was accepted. More of servers: tests/system/scan.bats.

#include "guard/baseline.hpp"

#include <gtest/gtest.h>

#include "sys/scratch_dir.hpp"

namespace vs::guard {
namespace {

class BaselineTest : public testing::Test {
  protected:
    BaselineTest() : store_(storage::Store::open(scratch_.path("state")).value()), seal_(Seal::open(store_).value()) {
        for (const char* image : {"one", "two"}) scratch_.make_dir(std::string("state/images/") + image);
        survey_.entries.push_back({parse_entries(kLine)->front(), std::nullopt, {}});
    }
    std::string file(const std::string& image, const std::string& name) const { return "state/images/" + image + "/" + name; }
    /// As somebody would who wants one image, or one of its files, to pass for another.
    void copy(const std::string& from, const std::string& to) const { scratch_.write(to, scratch_.read(from)); }

    static const std::string kLine;
    sys::ScratchDir scratch_;
    storage::Store store_;
    Seal seal_;
    Survey survey_;
};

Entry plain_file() {
    Entry entry;
    entry.path = "/etc/a b";
    return entry;
}
const std::string BaselineTest::kLine = print_entry(plain_file());

TEST_F(BaselineTest, a_manifest_is_its_images_and_as_it_was_written) {
    EXPECT_FALSE(has_manifest(store_, "one").value());
    EXPECT_FALSE(read_manifest(store_, seal_, "one")) << "an image without manifest is not one without files";

    ASSERT_TRUE(write_manifest(store_, seal_, "one", survey_));
    EXPECT_EQ(read_manifest(store_, seal_, "one")->count("/etc/a b"), 1U);

    copy(file("one", "manifest"), file("two", "manifest"));
    EXPECT_FALSE(read_manifest(store_, seal_, "two"));
    scratch_.write(file("one", "manifest"), scratch_.read(file("one", "manifest")) + kLine);
    EXPECT_FALSE(read_manifest(store_, seal_, "one"));
}

TEST_F(BaselineTest, the_last_look_at_an_image_cannot_be_made_up_or_borrowed) {
    EXPECT_EQ(read_image_check(store_, seal_, "one")->when, "") << "never";

    ASSERT_TRUE(write_image_check(store_, seal_, "one", {"2026-01-02T03:04:05Z", 3}));
    EXPECT_EQ(read_image_check(store_, seal_, "one")->differences, 3U);

    copy(file("one", "checked"), file("two", "checked"));
    EXPECT_FALSE(read_image_check(store_, seal_, "two"));
    scratch_.write(file("one", "checked"), seal_.sign("check of one", "2026-01-02T03:04:05Z many\n"));
    EXPECT_FALSE(read_image_check(store_, seal_, "one"));
}

TEST_F(BaselineTest, a_reading_that_is_not_to_be_believed_begins_anew) {
    auto reading = ReadingFile::of_image(store_, "one").value();
    EXPECT_EQ(reading.read(seal_).after, "");

    ASSERT_TRUE(reading.write(seal_, {.after = "/usr/a b", .found = 2, .unknown = 1}));
    EXPECT_EQ(reading.read(seal_).after, "/usr/a b");
    EXPECT_EQ(reading.read(seal_).found, 2U);

    copy(file("one", "reading"), file("two", "reading"));
    EXPECT_EQ(ReadingFile::of_image(store_, "two")->read(seal_).after, "");
    for (const char* text : {"", "/usr\n", "/usr 1 x\n", "/usr 1 2 3\n", "/us%zr 1 2\n"}) {
        scratch_.write(file("one", "reading"), seal_.sign("reading of one", text));
        EXPECT_EQ(reading.read(seal_).after, "") << text;
    }
}

// It only saves work: whatever is wrong with it, everything is read.
TEST_F(BaselineTest, what_the_last_scan_saw_may_be_lost) {
    SurveyOrders orders;
    recall_seen(scratch_.dir(), orders);
    scratch_.write("seen", "rubbish");
    recall_seen(scratch_.dir(), orders);
    EXPECT_TRUE(orders.known.empty());

    survey_.entries[0].below = survey_.entries[0].now;
    scratch_.write("seen", print_survey(survey_));
    recall_seen(scratch_.dir(), orders);
    EXPECT_EQ(orders.known.count("/etc/a b"), 1U);
    EXPECT_EQ(orders.known_below.count("/etc/a b"), 1U);
}

TEST_F(BaselineTest, what_was_accepted_of_one_server_is_not_of_another) {
    auto files = [&](const std::string& text, const std::string& uuid) {
        const auto name = model::ServerName::parse(text).value();
        scratch_.make_dir("state/servers/" + text);
        return GuardFiles::open(store_, {name, {}, {.name = name, .number = {}, .uuid = uuid, .image = "one", .created = {}}}).value();
    };
    auto web = files("web", "u1"), other = files("other", "u2");
    EXPECT_FALSE(web.read_accepted(seal_).value().has_value()) << "nothing was ever accepted";

    ASSERT_TRUE(web.write_accepted(seal_, {{plain_file().path, plain_file()}}));
    EXPECT_TRUE(web.read_accepted(seal_).value().value().at(plain_file().path).is_same_as(plain_file()));

    copy("state/servers/web/guard/accepted", "state/servers/other/guard/accepted");
    EXPECT_FALSE(other.read_accepted(seal_));
    scratch_.write("state/servers/web/guard/accepted", "");
    EXPECT_FALSE(web.read_accepted(seal_)) << "an empty file is not nothing";
}

// A baseline that is half there, or one line of which is another's, must not pass for one in which less was accepted.
TEST_F(BaselineTest, no_byte_of_what_was_accepted_can_be_changed_and_its_owner_alone_reads_it) {
    const auto name = model::ServerName::parse("web").value();
    scratch_.make_dir("state/servers/web");
    const server::Server server{name, {}, {.name = name, .number = {}, .uuid = "u1", .image = "one", .created = {}}};
    const auto files = GuardFiles::open(store_, server).value();
    auto second = plain_file();
    second.path = "/etc/b";
    ASSERT_TRUE(files.write_accepted(seal_, {{second.path, second}, {plain_file().path, plain_file()}}));
    const std::string place = "state/servers/web/guard/accepted";
    const auto whole = scratch_.read(place);
    EXPECT_LT(whole.find("/etc/a%20b"), whole.find("/etc/b")) << "in order, so that equal ones are equal files";
    EXPECT_EQ(sys::stat_at(scratch_.dir(), place)->st_mode & 0777, 0600U);
    EXPECT_EQ(sys::stat_at(scratch_.dir(), "state/servers/web/guard")->st_mode & 0777, 0700U);
    for (std::size_t i = 0; i < whole.size(); ++i) {
        auto changed = whole;
        changed[i] ^= 1;
        scratch_.write(place, changed);
        EXPECT_FALSE(files.read_accepted(seal_)) << i;
    }
    for (const char* text : {"/etc/a file 0\n", "x\n", "\n", "etc/a file 420 0 0 0 - - - - 0 0\n"}) {
        scratch_.write(place, seal_.sign("server u1", text));
        EXPECT_FALSE(files.read_accepted(seal_)) << text;
    }
    scratch_.write(place, seal_.sign("server u1", ""));
    EXPECT_TRUE(files.read_accepted(seal_).value()->empty()) << "nothing is what was accepted";
    scratch_.write(place, seal_.sign("image u1", kLine));
    EXPECT_FALSE(files.read_accepted(seal_)) << "signed for something else";
}

TEST_F(BaselineTest, what_a_scan_remembers_is_what_the_next_one_is_told) {
    const auto name = model::ServerName::parse("web").value();
    scratch_.make_dir("state/servers/web");
    const auto files = GuardFiles::open(store_, {name, {}, {.name = name, .number = {}, .uuid = "u1", .image = "one", .created = {}}}).value();
    auto own = plain_file(), image = plain_file();
    own.stamp = {7, 8}, own.size = 9;
    survey_.entries = {{own, image, {}}};
    ASSERT_TRUE(files.remember(survey_));
    SurveyOrders orders;
    files.recall(orders);
    EXPECT_EQ(orders.known.at(own.path).stamp, own.stamp);
    EXPECT_TRUE(orders.known.at(own.path).is_same_as(own));
    EXPECT_TRUE(orders.known_below.at(own.path).is_same_as(image));
    survey_.entries.clear();
    ASSERT_TRUE(files.remember(survey_));
    SurveyOrders again;
    files.recall(again);
    EXPECT_TRUE(again.known.empty() && again.known_below.empty());
}

}  // namespace
}  // namespace vs::guard
