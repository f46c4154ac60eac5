#include "sys/process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/text.hpp"
#include "sys/call.hpp"
#include "sys/children.hpp"
#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/random.hpp"
#include "sys/scratch_dir.hpp"
#include "sys/seccomp.hpp"

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

// In a child, for good: reads with room for what a program says fail, the smaller ones of loader and shell do not.
void refuse_big_reads() {
    constexpr unsigned kRoom = 16384;
    const sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 3),
                                   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[2])),
                                   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kRoom, 0, 1),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EIO),
                                   BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    ASSERT_EQ(load_filter_raw(program, std::size(program)), 0);
}

TEST(Process, takes_no_part_of_an_output_for_the_whole) {
    in_own_namespaces(0, [] {
        refuse_big_reads();

        auto result = run_program({"sh", "-c", "echo out"}, {});

        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().errno_value, EIO);
    });
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

TEST(Process, tells_how_a_process_has_ended) {
    auto ended = run_program({"sh", "-c", "kill -9 $$"}, {}).value().status;
    EXPECT_EQ(ended.kind, ExitStatus::Kind::signaled);
    EXPECT_EQ(ended.shell_status(), 137);
    EXPECT_FALSE(ended.success());
    EXPECT_TRUE(run_program({"true"}, {}).value().status.success());
    EXPECT_FALSE(run_program({"false"}, {}).value().status.success());
    EXPECT_EQ(status_of_wait(7 << 8).value, 7);
    EXPECT_EQ(status_of_wait(SIGSEGV).kind, ExitStatus::Kind::signaled);
}

TEST(Process, a_program_gets_a_clean_environment_and_what_is_added) {
    ASSERT_EQ(::setenv("SECRET", "x", 1), 0);
    auto shown = run_checked({"env"}, {.environment = {"A=b"}}).value();
    ::unsetenv("SECRET");
    EXPECT_EQ(shown, "A=b\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C.UTF-8\n");
}

TEST(Process, a_program_that_is_killed_takes_along_what_it_has_started) {
    ScratchDir scratch;
    auto script = fmt::format("sleep 1000 >/dev/null 2>&1 & echo $! > {}/pid; yes", scratch.path());
    ASSERT_FALSE(run_program({"sh", "-c", script}, {.limit = Milliseconds(60'000)})) << "it floods us";
    auto pid = base::parse_number(base::trim(scratch.read("pid")));
    ASSERT_TRUE(pid);
    auto left = open_pidfd(static_cast<pid_t>(*pid));
    EXPECT_TRUE(!left || wait_for_exit(*left, Milliseconds(5000)).value());
}

TEST(Process, what_holds_its_output_open_for_ever_does_not_hold_us) {
    auto late = run_program({"sh", "-c", "setsid sleep 1 & exit 0"}, {.limit = Milliseconds(100)});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Code::timeout);
}

TEST(Process, an_own_child_is_told_from_others_and_its_end_is_seen_once) {
    pid_t child = ::fork();
    if (child == 0) ::_exit(5);
    auto pidfd = open_pidfd(child).value();
    EXPECT_TRUE(is_own_child(pidfd));
    EXPECT_TRUE(wait_for_exit(pidfd, std::nullopt).value());
    EXPECT_TRUE(is_own_child(pidfd)) << "not reaped yet";
    EXPECT_EQ(reap_within(pidfd, Milliseconds(1000))->value, 5);
    EXPECT_FALSE(is_own_child(pidfd));
    EXPECT_FALSE(reap(pidfd));
    EXPECT_FALSE(reap_child(child));
    EXPECT_FALSE(is_own_child(open_pidfd(1).value()));
    EXPECT_TRUE(is_gone(open_pidfd(child).error()));
    EXPECT_TRUE(is_gone(start_time(child).error()));
    EXPECT_FALSE(is_gone(error_from(EMFILE, "x"))) << "who could not be asked about is not dead";
}

TEST(Process, a_name_with_parentheses_and_blanks_does_not_move_the_start_time) {
    const auto before = start_time(::getpid()).value();
    char name[16] = {};
    ASSERT_EQ(::prctl(PR_GET_NAME, name), 0);
    for (const char* hostile : {") R 1 1 1 1", "a) b (c", ")", "SigCgt:\tffff"}) {
        ASSERT_EQ(::prctl(PR_SET_NAME, hostile), 0);
        EXPECT_EQ(start_time(::getpid()).value(), before) << hostile;
        EXPECT_FALSE(listens_to(::getpid(), SIGRTMIN + 3).value()) << hostile;
    }
    ASSERT_EQ(::prctl(PR_SET_NAME, name), 0);
}

TEST(Process, says_which_of_several_is_ready_and_when_none_is) {
    auto first = make_pipe().value(), second = make_pipe().value();
    EXPECT_EQ(wait_readable({first.read, second.read}, Milliseconds(0)).value(), std::nullopt);
    ASSERT_TRUE(write_all(second.write, "x"));
    EXPECT_EQ(wait_readable({first.read, second.read}, std::nullopt).value(), 1U);
    first.write.reset();
    EXPECT_EQ(wait_readable({first.read, second.read}, std::nullopt).value(), 0U) << "an end is something to read";
}

TEST(Process, a_descriptor_of_another_is_the_same_open_file) {
    auto pipe = make_pipe().value();
    pid_t child = ::fork();
    if (child == 0) {
        for (;;) ::pause();
    }
    auto pidfd = open_pidfd(child).value();
    auto taken = take_descriptor(pidfd, pipe.write.get()).value();
    ASSERT_TRUE(write_all(taken, "x"));
    EXPECT_EQ(read_some(pipe.read).value(), "x");
    EXPECT_FALSE(take_descriptor(pidfd, 900));
    ASSERT_TRUE(send_signal(pidfd, SIGKILL));
    EXPECT_EQ(reap(pidfd)->value, SIGKILL);
    EXPECT_FALSE(send_signal(pidfd, SIGKILL));
}

TEST(Children, what_a_child_has_left_behind_is_ours) {
    in_own_namespaces(0, [] {
        auto children = Children::adopt().value();
        EXPECT_FALSE(children.next()) << "none yet";
        pid_t child = ::fork();
        if (child == 0) {
            if (::fork() == 0) ::_exit(7);
            ::_exit(3);
        }
        std::vector<int> values;
        while (values.size() < 2) {
            ASSERT_TRUE(wait_readable({children.fd()}, Milliseconds(5000)).value());
            while (auto ended = children.next()) values.push_back(ended->status.value);
        }
        std::ranges::sort(values);
        EXPECT_EQ(values, (std::vector<int>{3, 7}));
    });
}

TEST(Children, who_goes_to_the_background_keeps_only_what_he_says) {
    in_own_namespaces(0, [] {
        auto pipe = make_pipe().value(), other = make_pipe().value();
        auto kept = duplicate_high(pipe.write).value();
        ASSERT_TRUE(detach_but_for({pipe.read, kept}));
        EXPECT_EQ(::getsid(0), ::getpid());
        EXPECT_EQ(current_directory(), "/");
        for (int fd = 3; fd < 100; ++fd) EXPECT_EQ(::fcntl(fd, F_GETFD) >= 0, fd == pipe.read.get() || fd == kept.get()) << fd;
    });
}

TEST(Random, is_as_long_as_asked_and_never_twice_the_same) {
    EXPECT_EQ(random_bytes(16)->size(), 16U);
    EXPECT_EQ(random_hex(16)->size(), 32U);
    EXPECT_EQ(random_hex(16)->find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_NE(random_hex(16).value(), random_hex(16).value());
}

}  // namespace
}  // namespace vs::sys
