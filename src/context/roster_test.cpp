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

/// The line of a server's process is the kernel's, but the groups below the server's own are called as its root likes.
TEST(Roster, a_group_of_a_guests_that_is_called_like_a_server_changes_nothing) {
    struct Case { const char* line; const char* server; };
    for (const auto& [line, server] : {Case{"0::/vservers/web/guest", "web"}, Case{"0::/vservers/web/guest/vservers/evil/guest", "web"}, Case{"0::/vservers/web/guest/vservers.service/evil/guest", "web"},
                                       Case{"0::/system.slice/vservers.service/web/guest/x", "web"}, Case{"0::/vservers/web", ""}, Case{"0::/vservers/web/entered", ""}, Case{"0::/vservers/.keepers", ""},
                                       Case{"0::/vservers/", ""}, Case{"0::/", ""}, Case{"", ""}, Case{"0::/vserversx/web/guest", ""}, Case{"4:memory:/vservers/web", "web"}, Case{"4:memory:/", ""}})
        EXPECT_EQ(server_of_cgroup(line), server) << line;
}

}  // namespace
}  // namespace vs::context
