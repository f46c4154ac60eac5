#include "server/host_limits.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sys/file.hpp"

namespace vs::server {
namespace {

/// A /proc/sys with some of the files.
class HostLimits : public testing::Test {
  protected:
    void SetUp() override {
        root_ = testing::TempDir() + "host-limits-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
                ::testing::UnitTest::GetInstance()->current_test_info()->name();
        set("net/ipv4/neigh/default/gc_thresh2", "512");
        set("net/ipv4/neigh/default/gc_thresh3", "1024");
        set("kernel/pty/max", "100000");
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    void set(const std::string& path, const std::string& value) {
        std::filesystem::create_directories(std::filesystem::path(root_ + "/" + path).parent_path());
        std::ofstream(root_ + "/" + path) << value << "\n";
    }
    std::string get(const std::string& path) {
        std::ifstream file(root_ + "/" + path);
        std::string value;
        file >> value;
        return value;
    }
    sys::DirFd sysctls() { return sys::open_dir(sys::kHere, root_).value(); }

    std::string root_;
};

TEST_F(HostLimits, names_what_is_low_and_not_what_is_missing_or_high_enough) {
    auto low = low_host_limits(sysctls()).value();

    ASSERT_EQ(low.size(), 2U);
    EXPECT_EQ(low[0].path, "net/ipv4/neigh/default/gc_thresh3");
    EXPECT_EQ(low[0].value, 1024U);
    EXPECT_EQ(low[0].wanted, 65536U);
}

TEST_F(HostLimits, raises_and_never_lowers) {
    ASSERT_TRUE(raise_host_limits(sysctls()));

    EXPECT_EQ(get("net/ipv4/neigh/default/gc_thresh3"), "65536");
    EXPECT_EQ(get("net/ipv4/neigh/default/gc_thresh2"), "32768");
    EXPECT_EQ(get("kernel/pty/max"), "100000");
    EXPECT_TRUE(low_host_limits(sysctls()).value().empty());
}

}  // namespace
}  // namespace vs::server
