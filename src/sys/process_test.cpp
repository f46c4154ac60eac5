#include "sys/process.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

namespace vs::sys {
namespace {

TEST(Process, keeps_outputs_apart_and_gives_the_status) {
    auto result = run_program({"sh", "-c", "echo out; echo err >&2; exit 3"}, {}).value();

    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
    EXPECT_EQ(result.status.shell_status(), 3);
}

TEST(Process, feeds_more_input_than_a_pipe_holds) {
    std::string much(1'000'000, 'x');

    auto result = run_program({"wc", "-c"}, {.input = much, .environment = {}, .limit = {}}).value();

    EXPECT_EQ(result.out, "1000000\n");
}

TEST(Process, survives_a_program_that_closes_its_input) {
    EXPECT_TRUE(run_program({"true"}, {.input = std::string(1'000'000, 'x'), .environment = {}, .limit = {}}));
}

TEST(Process, kills_at_the_limit) {
    auto result = run_program({"sleep", "1000"}, {.input = {}, .environment = {}, .limit = Milliseconds(50)});

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::timeout);
}

TEST(Process, refuses_a_flood_of_output) {
    EXPECT_FALSE(run_program({"sh", "-c", "yes | head -c 3000000"}, {}));
}

TEST(Process, says_when_a_program_is_missing) {
    auto result = run_program({"vserver-no-such-program"}, {});

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Code::unsupported);
}

TEST(Process, run_checked_quotes_the_last_line) {
    auto result = run_checked({"sh", "-c", "echo first >&2; echo last >&2; exit 1"}, {});

    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message().find("status 1: last"), std::string::npos);
}

TEST(Process, a_signal_that_is_blocked_or_handled_will_be_noticed) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGRTMIN + 4);
    ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
    ::signal(SIGUSR1, [](int) {});

    EXPECT_TRUE(listens_to(::getpid(), SIGRTMIN + 4).value());
    EXPECT_TRUE(listens_to(::getpid(), SIGUSR1).value());
    EXPECT_FALSE(listens_to(::getpid(), SIGRTMIN + 3).value());
    EXPECT_FALSE(listens_to(::getpid(), SIGUSR2).value());

    ::signal(SIGUSR1, SIG_DFL);
    ::sigprocmask(SIG_UNBLOCK, &blocked, nullptr);
}

TEST(Process, start_time_is_that_of_the_process) {
    EXPECT_EQ(start_time(::getpid()).value(), start_time(::getpid()).value());
    EXPECT_GE(start_time(::getpid()).value(), start_time(1).value());
}

TEST(Process, a_program_whose_file_was_replaced_keeps_its_name) {
    const auto copy = std::filesystem::temp_directory_path() / std::to_string(::getpid());
    std::filesystem::copy_file("/bin/sleep", copy);
    pid_t child = ::fork();
    if (child == 0) {
        ::execl(copy.c_str(), copy.c_str(), "100", nullptr);
        ::_exit(1);
    }
    while (program_of(child).value() == own_program().value()) ::sched_yield();
    std::filesystem::remove(copy);
    EXPECT_EQ(program_of(child).value(), copy);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace vs::sys
