#include "guard/secure_record.hpp"

#include <gtest/gtest.h>

#include "sys/scratch_dir.hpp"

namespace vs::guard {
namespace {

class SecureRecordTest : public testing::Test {
  protected:
    SecureRecordTest() : store_(storage::Store::open(scratch_.path("state")).value()) {}
    void put(const std::string& text) const {
        scratch_.make_dir("state/guard", 0700);
        scratch_.write("state/guard/secure-host.json", text);
    }

    sys::ScratchDir scratch_;
    storage::Store store_;
};

SecureRecord example() {
    model::OwnDevice device{.name = "eth0", .addresses = {}, .gateways = {}};
    for (const char* text : {"192.0.2.10/24", "2001:db8::10/64"}) device.addresses.push_back(model::NetworkAddress::parse(text).value());
    device.gateways.push_back(model::IpAddress::parse("192.0.2.1").value());
    return {.server = "web", .devices = {device, {.name = "wlan0", .addresses = {}, .gateways = {}}}, .settings_before = "a = \"b\"\n", .settings_after = "c\n"};
}

TEST_F(SecureRecordTest, reads_back_what_the_main_environment_had) {
    auto written = example();
    written.before["eth0"] = {.up = true, .address_generation = 1, .addresses = {std::string("a\0\xff", 3)}, .routes = {"r"}};
    written.before["wlan0"] = {};
    ASSERT_TRUE(write_secure_record(store_, written));

    auto read = read_secure_record(store_).value();
    ASSERT_TRUE(read);
    EXPECT_EQ(read->before, written.before);
    EXPECT_EQ(read->server, "web");
    EXPECT_EQ(read->devices, example().devices);
    EXPECT_EQ(read->settings_before, "a = \"b\"\n");
    EXPECT_EQ(read->settings_after, "c\n");
    EXPECT_EQ(sys::stat_at(scratch_.dir(), "state/guard/secure-host.json")->st_mode & 0777, 0600U);
}

TEST_F(SecureRecordTest, without_one_the_machine_is_not_secured) {
    EXPECT_FALSE(read_secure_record(store_).value());
    ASSERT_TRUE(write_secure_record(store_, example()));
    ASSERT_TRUE(remove_secure_record(store_));
    EXPECT_FALSE(read_secure_record(store_).value());
}

// A secured machine must not be taken for one that is not, nor a device be given back without its addresses.
TEST_F(SecureRecordTest, a_damaged_one_is_an_error_and_not_none) {
    ASSERT_TRUE(write_secure_record(store_, example()));
    const auto whole = scratch_.read("state/guard/secure-host.json");
    for (std::size_t length = 0; length + 2 < whole.size(); length += 7) {
        put(whole.substr(0, length));
        EXPECT_FALSE(read_secure_record(store_)) << length;
    }
    for (const char* text : {"[]", "{}", R"({"devices": {}})", R"({"devices": ["eth0"]})", R"({"devices": [{"name": "eth0", "addresses": "192.0.2.1/24"}]})",
                             R"({"devices": [{"name": "eth0", "addresses": [7]}]})", R"({"devices": [{"name": "eth0", "gateways": ["192.0.2.1/24"]}]})"}) {
        put(text);
        EXPECT_FALSE(read_secure_record(store_)) << text;
    }
}

}  // namespace
}  // namespace vs::guard
