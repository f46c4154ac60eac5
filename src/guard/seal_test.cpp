// What the guard remembers: signed, and whatever is not as it was written is not believed.

#include "guard/seal.hpp"

#include <gtest/gtest.h>

#include "base/dice.hpp"
#include "guard/baseline.hpp"
#include "guard/secure_record.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::guard {
namespace {

class SealTest : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* dir : {"images/i1", "images/i2", "servers/web", "servers/other"}) scratch_.make_dir(dir);
    }
    server::Server server(const std::string& name, const std::string& uuid) const {
        auto parsed = model::ServerName::parse(name).value();
        return {parsed, {}, {.name = parsed, .number = {}, .uuid = uuid, .image = "i1", .created = {}}};
    }
    void copy(const std::string& from, const std::string& to) const { scratch_.write(to, scratch_.read(from)); }
    static Entry entry(const std::string& path) {
        Entry made;
        made.path = path;
        made.mode = 0644;
        return made;
    }

    sys::ScratchDir scratch_;
    storage::Store store_ = storage::Store::open(scratch_.path()).value();
};

TEST_F(SealTest, a_text_is_what_was_signed_for_that_purpose_by_this_machine) {
    auto seal = Seal::open(store_).value();
    for (const auto& text : {std::string("two\nlines\n"), std::string(), std::string("\0\n", 2), std::string(100'000, 'x')}) {
        const auto sealed = seal.sign("server 1", text);
        EXPECT_EQ(seal.verify("server 1", sealed).value(), text);
        EXPECT_EQ(Seal::open(store_)->verify("server 1", sealed).value(), text) << "the key is kept";
        EXPECT_FALSE(seal.verify("server 2", sealed)) << "one file cannot stand in for another";
    }
    EXPECT_EQ(sys::stat_at(scratch_.dir(), "guard/key")->st_mode & 07777, 0600U);
    sys::ScratchDir other;
    auto foreign = Seal::open(storage::Store::open(other.path()).value())->verify("x", seal.sign("x", "text"));
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().message(), "another machine signed it");
}

TEST_F(SealTest, no_changed_byte_goes_unseen) {
    auto seal = Seal::open(store_).value();
    const auto sealed = seal.sign("x", "what was accepted\n");
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        auto changed = sealed;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        EXPECT_FALSE(seal.verify("x", changed)) << at;
        EXPECT_FALSE(seal.verify("x", sealed.substr(0, at))) << at;
    }
    EXPECT_FALSE(seal.verify("x", sealed + "more"));
    for (const char* none : {"", "\n", "vserver-guard 1\n", "vserver-guard 1 a b\n"}) EXPECT_FALSE(seal.verify("x", none)) << none;
}

TEST_F(SealTest, a_key_that_is_damaged_is_an_error_and_not_a_new_key) {
    ASSERT_TRUE(Seal::open(store_));
    for (const auto& key : {std::string(), std::string(31, 'x'), std::string(33, 'x')}) {
        scratch_.write("guard/key", key);
        EXPECT_FALSE(Seal::open(store_)) << key.size();
        EXPECT_EQ(scratch_.read("guard/key"), key);
    }
}

TEST_F(SealTest, what_was_accepted_is_a_servers_own) {
    auto seal = Seal::open(store_).value();
    const auto web = server("web", "u1"), other = server("other", "u2");
    auto files = GuardFiles::open(store_, web).value();
    EXPECT_FALSE(files.read_accepted(seal).value().has_value()) << "nothing was ever accepted";
    ASSERT_TRUE(files.write_accepted(seal, {{"/b", entry("/b")}, {"/a", entry("/a")}}));
    auto read = files.read_accepted(seal).value().value();
    EXPECT_EQ(read.size(), 2U);
    EXPECT_TRUE(read.at("/a").is_same_as(entry("/a")));

    auto others = GuardFiles::open(store_, other).value();
    copy("servers/web/guard/accepted", "servers/other/guard/accepted");
    EXPECT_FALSE(others.read_accepted(seal)) << "it was accepted of another server";
    scratch_.write("servers/web/guard/accepted", "");
    EXPECT_FALSE(files.read_accepted(seal)) << "an empty file is not nothing";
}

TEST_F(SealTest, what_the_last_scan_saw_is_only_a_help) {
    auto files = GuardFiles::open(store_, server("web", "u1")).value();
    Survey survey;
    survey.entries.push_back({entry("/a"), entry("/a"), {}});
    survey.entries.push_back({entry("/b"), std::nullopt, {}});
    ASSERT_TRUE(files.remember(survey));
    SurveyOrders orders;
    files.recall(orders);
    EXPECT_EQ(orders.known.size(), 2U);
    EXPECT_EQ(orders.known_below.size(), 1U);
    base::Dice dice(1);
    const auto whole = scratch_.read("servers/web/guard/seen");
    for (int i = 0; i < 50; ++i) {
        scratch_.write("servers/web/guard/seen", dice.damage(whole));
        SurveyOrders damaged;
        files.recall(damaged);
        EXPECT_LE(damaged.known.size(), 2U);
    }
}

TEST_F(SealTest, an_image_has_a_manifest_of_its_own) {
    auto seal = Seal::open(store_).value();
    EXPECT_FALSE(has_manifest(store_, "i1").value());
    EXPECT_FALSE(read_manifest(store_, seal, "i1"));
    Survey survey;
    survey.entries.push_back({entry("/a"), std::nullopt, {}});
    ASSERT_TRUE(write_manifest(store_, seal, "i1", survey));
    EXPECT_TRUE(has_manifest(store_, "i1").value());
    EXPECT_EQ(read_manifest(store_, seal, "i1")->size(), 1U);
    copy("images/i1/manifest", "images/i2/manifest");
    auto wrong = read_manifest(store_, seal, "i2");
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message().find("image 'i2'"), std::string::npos);
    EXPECT_FALSE(has_manifest(store_, "none"));
}

TEST_F(SealTest, the_last_check_of_an_image_is_believed_or_an_error) {
    auto seal = Seal::open(store_).value();
    EXPECT_EQ(read_image_check(store_, seal, "i1")->when, "") << "never";
    ASSERT_TRUE(write_image_check(store_, seal, "i1", {"2026-01-02T03:04:05Z", 7}));
    EXPECT_EQ(read_image_check(store_, seal, "i1")->differences, 7U);
    copy("images/i1/checked", "images/i2/checked");
    EXPECT_FALSE(read_image_check(store_, seal, "i2"));
    for (const char* text : {"", "2026\n", "2026 x\n", "2026 1 2\n"}) {
        scratch_.write("images/i1/checked", seal.sign("check of i1", text));
        EXPECT_FALSE(read_image_check(store_, seal, "i1")) << text;
    }
}

TEST_F(SealTest, a_note_of_how_far_was_read_begins_anew_where_it_is_not_to_be_believed) {
    auto seal = Seal::open(store_).value();
    auto file = ReadingFile::of_image(store_, "i1").value();
    EXPECT_EQ(file.read(seal).after, "");
    ASSERT_TRUE(file.write(seal, {"/a b\n", 3, 4}));
    auto read = file.read(seal);
    EXPECT_EQ(read.after, "/a b\n");
    EXPECT_EQ(read.found, 3U);
    EXPECT_EQ(read.unknown, 4U);
    auto of_server = ReadingFile::of_server(store_, server("web", "u1")).value();
    copy("images/i1/reading", "servers/web/guard/reading");
    EXPECT_EQ(of_server.read(seal).after, "") << "of something else";
    for (const char* text : {"", "/a 1\n", "/a 1 x\n", "/a%2 1 1\n", "/a 1 1 1\n"}) {
        scratch_.write("images/i1/reading", seal.sign("reading of i1", text));
        EXPECT_EQ(file.read(seal).after, "") << text;
    }
}

TEST_F(SealTest, what_secure_host_has_noted_reads_back_until_it_is_removed) {
    EXPECT_FALSE(read_secure_record(store_).value().has_value());
    SecureRecord record{"web", {{"eth0", {model::NetworkAddress::parse("192.0.2.1/24").value()}, {model::IpAddress::parse("192.0.2.254").value()}}, {"eth1", {}, {}}},
                        "before\n\"\\", "after"};
    ASSERT_TRUE(write_secure_record(store_, record));
    auto read = read_secure_record(store_).value().value();
    EXPECT_EQ(read.server, "web");
    EXPECT_EQ(read.devices, record.devices);
    EXPECT_EQ(read.settings_before, record.settings_before);
    EXPECT_EQ(read.settings_after, record.settings_after);
    for (const char* text : {"", "{", "[]", "{}", R"({"devices": {}})", R"({"devices": [7]})", R"({"devices": [{"addresses": "x"}]})", R"({"devices": [{"addresses": ["x"]}]})",
                             R"({"devices": [{"gateways": [7]}]})"}) {
        scratch_.write("guard/secure-host.json", text);
        auto damaged = read_secure_record(store_);
        ASSERT_FALSE(damaged) << text;
        EXPECT_NE(damaged.error().message().find("guard/secure-host.json"), std::string::npos);
    }
    ASSERT_TRUE(remove_secure_record(store_));
    EXPECT_FALSE(read_secure_record(store_).value().has_value());
}

}  // namespace
}  // namespace vs::guard
