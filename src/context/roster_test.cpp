#include "context/roster.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

namespace vs::context {
namespace {

TEST(Roster, a_server_is_known_by_its_control_group) {
    EXPECT_EQ(server_of_cgroup("0::/vservers/web1/guest/init.scope"), "web1");
    EXPECT_EQ(server_of_cgroup("0::/system.slice/vservers.service/web1/guest/system.slice"), "web1");
    EXPECT_EQ(server_of_cgroup("8:pids:/vservers/web1"), "web1");
    for (auto other : {"0::/", "0::/vservers/.keepers", "0::/user.slice", "0::/system.slice/vservers.service/.keepers", "0::/system.slice/vservers.service", "", "0::/vservers/web1"})
        EXPECT_EQ(server_of_cgroup(other), "") << other;
}

TEST(Roster, finds_ourselves_among_all_processes) {
    auto pids = all_processes();
    ASSERT_TRUE(pids);
    EXPECT_NE(std::ranges::find(*pids, ::getpid()), pids->end());
    EXPECT_NE(Roster::read().of(::getpid()).kind, Kind::hidden);
}

}  // namespace
}  // namespace vs::context
