#include "storage/server_root.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "storage/image.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::storage {
namespace {

model::ServerName name(std::string_view text) { return model::ServerName::parse(text).value(); }

/// A store with one image. Making a server mounts an overlay, so it takes root.
class ServerRootTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::getuid() != 0) GTEST_SKIP() << "only root mounts";
        auto staging = Staging::make(store_, "x").value();
        ASSERT_TRUE(sys::make_dirs(staging.path() + "/tree/etc", 0755));
        ImageRecord record;
        record.kind = "tar";
        record.key = "k";
        image_ = publish_image(store_, staging, record).value().id;
    }

    Result<ServerRecord> create(std::string_view text) {
        return create_server(store_, {.name = name(text), .image = image_, .identity = {.host_name = "h", .domain_name = {}, .addresses = {}, .nameservers = {}}});
    }
    void overwrite_record(const std::string& server, const std::string& text) const {
        auto dir = sys::open_dir(store_.servers(), server).value();
        ASSERT_TRUE(sys::replace_file(dir, "record.json", text, 0600, sys::Durability::volatile_));
    }

    sys::ScratchDir scratch_;
    Store store_ = Store::open(scratch_.path()).value();
    std::string image_;
};

TEST_F(ServerRootTest, is_incomplete_until_it_is_said_to_be_whole) {
    EXPECT_EQ(server_left(store_, name("web")).value(), ServerLeft::nothing);
    ASSERT_TRUE(create("web"));
    EXPECT_EQ(server_left(store_, name("web")).value(), ServerLeft::incomplete);
    ASSERT_TRUE(complete_server(store_, name("web")));
    EXPECT_EQ(server_left(store_, name("web")).value(), ServerLeft::whole);
    EXPECT_TRUE(complete_server(store_, name("web"))) << "twice is no error";
}

TEST_F(ServerRootTest, is_incomplete_from_when_it_is_condemned) {
    ASSERT_TRUE(create("web") && complete_server(store_, name("web")));
    ASSERT_TRUE(condemn_server(store_, name("web")));
    EXPECT_EQ(server_left(store_, name("web")).value(), ServerLeft::incomplete);
    ASSERT_TRUE(destroy_server(store_, name("web")));
    EXPECT_EQ(server_left(store_, name("web")).value(), ServerLeft::nothing);
    EXPECT_TRUE(condemn_server(store_, name("web"))) << "nothing is condemned already";
}

TEST_F(ServerRootTest, has_a_record_that_reads_back) {
    auto made = create("web").value();
    auto read = read_server(store_, name("web")).value();

    EXPECT_EQ(read.uuid, made.uuid);
    EXPECT_EQ(read.number.value, made.number.value);
    EXPECT_EQ(read.image, image_);
    EXPECT_EQ(read.created, made.created);
}

TEST_F(ServerRootTest, a_directory_that_was_copied_under_another_name_is_another_server) {
    ASSERT_TRUE(create("web"));
    ASSERT_TRUE(sys::rename_at(store_.servers(), "web", store_.servers(), "copy"));
    EXPECT_EQ(read_server(store_, name("copy")).value().name.text(), "copy");
}

TEST_F(ServerRootTest, a_record_that_says_nonsense_is_an_error_that_names_the_server) {
    ASSERT_TRUE(create("web"));
    for (const char* text : {"", "{", "null", "[]", R"({"number": 1})", R"({"number": -1, "uuid": "", "image": "", "created": ""})",
                             R"({"number": 1000000, "uuid": "", "image": "", "created": ""})"}) {
        overwrite_record("web", text);
        auto read = read_server(store_, name("web"));
        ASSERT_FALSE(read) << text;
        EXPECT_NE(read.error().message().find("'web'"), std::string::npos) << text;
        EXPECT_NE(read.error().code, Code::no_such_server) << text;
    }
}

TEST_F(ServerRootTest, files_without_a_record_are_told_from_no_files) {
    EXPECT_EQ(read_server(store_, name("web")).error().code, Code::no_such_server);
    ASSERT_TRUE(create("web") && complete_server(store_, name("web")));
    ASSERT_TRUE(sys::remove_file(store_.servers(), "web/record.json"));
    EXPECT_EQ(read_server(store_, name("web")).error().code, Code::failed);
    EXPECT_FALSE(list_servers(store_)) << "its number is not known, so no other may be given";
    EXPECT_FALSE(create("other"));
}

TEST_F(ServerRootTest, names_differ_by_more_than_case_and_numbers_are_used_again) {
    ASSERT_TRUE(create("web"));
    EXPECT_EQ(create("WEB").error().code, Code::busy);
    EXPECT_EQ(create("other")->number.value, 1U);
    ASSERT_TRUE(destroy_server(store_, name("web")));
    EXPECT_EQ(create("third")->number.value, 0U);
}

TEST_F(ServerRootTest, without_an_image_there_is_no_server_and_nothing_is_left) {
    image_ = "tar-000000000000";
    EXPECT_FALSE(create("web"));
    EXPECT_TRUE(sys::list_dir(store_.servers()).value().empty());
    EXPECT_TRUE(sys::list_dir(store_.staging()).value().empty());
}

}  // namespace
}  // namespace vs::storage
