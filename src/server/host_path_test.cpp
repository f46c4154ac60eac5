#include "server/host_path.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/scratch_dir.hpp"

namespace vs::server {
namespace {

constexpr std::uint32_t kAlice = 4001, kBob = 4002;

/// A tree below /tmp, whose sticky bit keeps it root's although everybody may write there.
class HostPathTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::getuid() != 0) GTEST_SKIP() << "only root gives files away";
        scratch_.make_dir("shared/data");
        scratch_.make_dir("secret");
    }

    void give(const std::string& name, std::uint32_t uid) const { ASSERT_EQ(::lchown(scratch_.path(name).c_str(), uid, uid), 0); }
    void open_for(const std::string& name, mode_t mode) const { ASSERT_EQ(::chmod(scratch_.path(name).c_str(), mode), 0); }
    Code refusal(const std::string& name) const { return open_host_path(scratch_.path(name)).error().code; }

    sys::ScratchDir scratch_;
};

TEST_F(HostPathTest, opens_what_root_alone_decides_about) {
    auto opened = open_host_path(scratch_.path("shared/data"));

    ASSERT_TRUE(opened);
    EXPECT_EQ(sys::stat_fd(*opened)->st_ino, sys::stat_at(sys::kHere, scratch_.path("shared/data"))->st_ino);
}

TEST_F(HostPathTest, opens_what_belongs_to_the_one_who_could_exchange_it) {
    give("shared", kAlice);
    give("shared/data", kAlice);
    EXPECT_TRUE(open_host_path(scratch_.path("shared/data")));
}

TEST_F(HostPathTest, refuses_what_a_user_could_exchange_for_what_is_not_his) {
    give("shared", kAlice);
    EXPECT_EQ(refusal("shared/data"), Code::denied);
    give("shared/data", kBob);
    EXPECT_EQ(refusal("shared/data"), Code::denied);
}

TEST_F(HostPathTest, refuses_a_directory_that_others_write_unless_it_is_sticky) {
    open_for("shared", 0777);
    EXPECT_EQ(refusal("shared/data"), Code::denied);
    open_for("shared", 0775);
    EXPECT_EQ(refusal("shared/data"), Code::denied);
    open_for("shared", 01777);
    EXPECT_TRUE(open_host_path(scratch_.path("shared/data")));
}

TEST_F(HostPathTest, follows_no_link_on_the_way_or_at_the_end) {
    ASSERT_TRUE(sys::make_symlink(scratch_.dir(), "link", "secret"));
    ASSERT_TRUE(sys::make_symlink(scratch_.dir(), "shared/up", ".."));

    for (const char* path : {"link", "link/x", "shared/up", "shared/up/secret"}) EXPECT_FALSE(open_host_path(scratch_.path(path))) << path;
}

TEST_F(HostPathTest, a_path_that_leads_nowhere_is_told_with_the_part_that_is_missing) {
    auto missing = open_host_path(scratch_.path("shared/none/data"));
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message().find(scratch_.path("shared/none") + "'"), std::string::npos);
}

}  // namespace
}  // namespace vs::server
