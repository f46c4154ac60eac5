#include "storage/image.hpp"

#include <gtest/gtest.h>


#include "storage/record.hpp"
#include "sys/file.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::storage {
namespace {

class ImageTest : public testing::Test {
  protected:
    ImageRecord publish(const std::string& key) {
        auto staging = Staging::make(store_, "x").value();
        EXPECT_TRUE(sys::make_dirs(staging.path() + "/tree/etc", 0755));
        auto etc = sys::open_dir(sys::kHere, staging.path() + "/tree/etc").value();
        EXPECT_TRUE(sys::replace_file(etc, "os-release", "PRETTY_NAME=\"Some \x1b Linux\"\nVERSION_CODENAME=some\n", 0644,
                                      sys::Durability::volatile_));
        ImageRecord record;
        record.kind = "tar";
        record.source = "/x.tar";
        record.key = key;
        record.notes = {"a note"};
        return publish_image(store_, staging, record).value();
    }

    sys::ScratchDir scratch_;
    const std::string& path_ = scratch_.path();
    Store store_ = Store::open(path_).value();
};

TEST_F(ImageTest, has_a_record_that_reads_back) {
    auto made = publish("k");

    auto read = read_image(store_, made.id).value();

    EXPECT_TRUE(made.id.starts_with("tar-some-"));
    EXPECT_EQ(read.os_name, "Some \\x1b Linux");
    EXPECT_EQ(read.entries, 2U);
    EXPECT_GT(read.bytes, 0U);
    EXPECT_EQ(read.notes, std::vector<std::string>{"a note"});
}

TEST_F(ImageTest, is_found_by_its_key) {
    auto made = publish("k");

    EXPECT_EQ(find_by_key(store_, "k").value()->id, made.id);
    EXPECT_FALSE(find_by_key(store_, "other").value());
}

TEST_F(ImageTest, is_not_removed_while_it_is_used) {
    auto made = publish("k");

    auto refused = remove_image(store_, made.id, {made.id});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::busy);
    EXPECT_TRUE(remove_image(store_, made.id, {}));
    EXPECT_TRUE(list_images(store_).value().whole.empty());
    EXPECT_EQ(remove_image(store_, made.id, {}).error().message(), "there is no image '" + made.id + "'");
}

TEST_F(ImageTest, is_not_removed_while_a_server_stands_on_it) {
    auto made = publish("k");
    ASSERT_TRUE(sys::make_dirs(path_ + "/servers/web1", 0700));
    Record record;
    record.texts = {{"image", made.id}, {"uuid", "u"}, {"created", "c"}};
    record.numbers = {{"number", 0}};
    auto server = sys::open_dir(sys::kHere, path_ + "/servers/web1").value();
    ASSERT_TRUE(sys::replace_file(server, "record.json", print_record(record), 0600, sys::Durability::volatile_));

    auto refused = remove_image(store_, made.id, {});

    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message(), "image '" + made.id + "' is the root of server 'web1'");
}

TEST_F(ImageTest, an_id_is_no_path) {
    for (const char* bad : {"", ".", "..", "../servers", "a/b", "A", "a b"}) EXPECT_EQ(read_image(store_, bad).error().code, Code::usage);
}

TEST_F(ImageTest, a_broken_record_is_named_hides_no_other_and_can_be_removed) {
    auto made = publish("k");
    ASSERT_TRUE(sys::make_dirs(path_ + "/images/broken", 0700));
    auto dir = sys::open_dir(sys::kHere, path_ + "/images/broken").value();
    ASSERT_TRUE(sys::replace_file(dir, "image.json", "[]", 0600, sys::Durability::volatile_));

    auto listed = list_images(store_).value();

    ASSERT_EQ(listed.damaged.size(), 1U);
    EXPECT_NE(listed.damaged[0].message().find("'broken'"), std::string::npos);
    ASSERT_EQ(listed.whole.size(), 1U);
    EXPECT_EQ(listed.whole[0].id, made.id);
    EXPECT_EQ(find_by_key(store_, "k").value()->id, made.id);
    ASSERT_TRUE(sys::remove_file(dir, "image.json"));
    EXPECT_EQ(read_image(store_, "broken").error().message(), "image 'broken' has no image.json: bring it back from a copy, or remove the image");
    EXPECT_TRUE(remove_image(store_, "broken", {}));
    EXPECT_FALSE(sys::exists(store_.images(), "broken").value());
}

}  // namespace
}  // namespace vs::storage
