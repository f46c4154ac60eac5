#include "context/process_status.hpp"

#include <gtest/gtest.h>

#include "base/dice.hpp"
#include "sys/file.hpp"
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

TEST(ProcessStatus, a_damaged_text_is_an_error_or_a_status_and_nothing_of_a_strangers_name_is_a_line) {
    base::Dice dice(1);
    const auto whole = sys::read_file(sys::kHere, "/proc/self/status").value();
    for (int i = 0; i < 1000; ++i) (void)parse_status(dice.damage(whole));
    auto named = whole;
    named.replace(0, named.find('\n'), "Name:\tCapEff:\\tffff");
    auto read = parse_status(named);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->name, "CapEff:\\tffff");
    EXPECT_EQ(read->effective, parse_status(whole)->effective);
}

TEST(ProcessStatus, a_number_with_more_than_a_number_in_it_is_malformed) {
    const auto whole = sys::read_file(sys::kHere, "/proc/self/status").value();
    for (const auto& [key, value] : {std::pair("CapEff", "xyz"), std::pair("CapBnd", "1ffg"), std::pair("NoNewPrivs", "1x"), std::pair("Seccomp", ""), std::pair("Threads", "-1"),
                                     std::pair("CapPrm", "10000000000000000")}) {
        auto text = whole;
        const auto begin = text.find(fmt::format("\n{}:", key)) + 1;
        text.replace(begin, text.find('\n', begin) - begin, fmt::format("{}:\t{}", key, value));
        auto read = parse_status(text);
        ASSERT_FALSE(read) << key;
        EXPECT_NE(read.error().message().find(key), std::string::npos);
    }
}

TEST(ProcessStatus, of_a_process_that_is_gone_is_an_error_that_says_so) {
    auto gone = read_status(0x7ffffff0);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, Code::not_running);
    EXPECT_EQ(gone.error().message(), "there is no process 2147483632");
}

}  // namespace
}  // namespace vs::context
