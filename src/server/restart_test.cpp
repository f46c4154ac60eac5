#include "server/restart.hpp"

#include <gtest/gtest.h>

namespace vs::server {
namespace {

using std::chrono::seconds;

TEST(count_quick_reboots, begins_anew_once_a_server_has_run_for_a_while) {
    EXPECT_EQ(count_quick_reboots(0, seconds(0)), 1U);
    EXPECT_EQ(count_quick_reboots(7, seconds(9)), 8U);
    EXPECT_EQ(count_quick_reboots(7, seconds(10)), 0U);
}

TEST(restart_pause, is_nothing_for_the_first_and_grows_to_a_minute) {
    for (unsigned count : {0U, 1U, 2U, 3U}) EXPECT_EQ(restart_pause(count), seconds(0));
    EXPECT_EQ(restart_pause(4), seconds(1));
    EXPECT_EQ(restart_pause(5), seconds(2));
    EXPECT_EQ(restart_pause(9), seconds(32));
    EXPECT_EQ(restart_pause(10), seconds(60));
    EXPECT_EQ(restart_pause(~0U), seconds(60));
}

}  // namespace
}  // namespace vs::server
