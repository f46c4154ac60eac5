#include "context/process_status.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

namespace vs::context {
namespace {

constexpr std::string_view kStatus =
    "Name:\tsh\nUid:\t1000\t1000\t1000\t1001\nThreads:\t3\nNSpid:\t4711\t2\nCapInh:\t0000000000000000\nCapPrm:\t0000000000001000\nCapEff:\t0000000000001000\n"
    "CapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";

TEST(ProcessStatus, has_the_sets_and_the_walls) {
    auto status = parse_status(kStatus);
    ASSERT_TRUE(status) << status.error().message();

    EXPECT_EQ(status->name, "sh");
    EXPECT_EQ(status->permitted.names(), std::vector<std::string>{"net_admin"});
    EXPECT_EQ(status->bounding.bits(), 0x1ffffffffffU);
    EXPECT_TRUE(status->no_new_privileges);
    EXPECT_TRUE(status->filtered);
    EXPECT_EQ(status->threads, 3U);
    EXPECT_EQ(status->uids, (std::vector<std::uint32_t>{1000, 1000, 1000, 1001}));
    EXPECT_EQ(status->pids, (std::vector<pid_t>{4711, 2}));
}

TEST(ProcessStatus, what_is_missing_or_malformed_is_an_error) {
    for (std::string_view line : {"CapBnd", "NoNewPrivs", "Seccomp", "Threads"}) {
        std::string text(kStatus);
        text.replace(text.find(line), 1, "x");
        EXPECT_FALSE(parse_status(text)) << line;
    }
    EXPECT_FALSE(parse_status("CapInh:\txyz\n"));
    EXPECT_FALSE(parse_status(""));
}

TEST(ProcessStatus, of_this_process_is_read_and_of_none_is_not_running) {
    EXPECT_TRUE(read_status(::getpid()));
    auto none = read_status(1 << 30);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().errno_value, ESRCH);
}

}  // namespace
}  // namespace vs::context
