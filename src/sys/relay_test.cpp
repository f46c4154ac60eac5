// What an exec has between its caller and a process inside: bytes both ways, signals, the end. Each test is a process of its own.

#include "sys/relay.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "sys/attend.hpp"
#include "sys/interrupts.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/spawned.hpp"

namespace vs::sys {
namespace {

/// A child of the test with a pidfd.
class Process : public Spawned {
  public:
    explicit Process(const std::function<void()>& body) : Spawned(body), pidfd_(open_pidfd(pid()).value()) {}
    [[nodiscard]] FdRef fd() const { return pidfd_; }

  private:
    PidFd pidfd_;
};

struct Memory {
    Fd fd{::memfd_create("output", MFD_CLOEXEC)};
    [[nodiscard]] std::int64_t size() const {
        struct stat status {};
        return ::fstat(fd.get(), &status) == 0 ? std::int64_t{status.st_size} : -1;
    }
    [[nodiscard]] std::string text() const {
        std::string all(static_cast<std::size_t>(size()), '\0');
        return ::pread(fd.get(), all.data(), all.size(), 0) == size() ? all : "";
    }
};

/// With SIGPIPE ignored, as those who relay have it, and a deadline by SIGALRM, which ends the child that the test is.
void alone(const std::function<void()>& body) {
    in_own_namespaces(0, [&] {
        ::signal(SIGPIPE, SIG_IGN);
        ::signal(SIGALRM, SIG_DFL);
        ::alarm(30);
        body();
    });
}

void write_all(int fd, std::size_t bytes) {
    const std::string block(4096, 'x');
    while (bytes > 0) {
        const auto written = ::write(fd, block.data(), std::min(bytes, block.size()));
        if (written <= 0) ::_exit(1);
        bytes -= static_cast<std::size_t>(written);
    }
}

TEST(Relay, all_that_a_process_has_written_comes_out_before_its_end_is_told) {
    alone([] {
        for (std::size_t bytes : {0UL, 1UL, 65536UL, 3'000'000UL}) {
            const auto out = make_pipe().value(), err = make_pipe().value();
            const auto signals = SignalForwarding::begin().value();
            Process process([&] {
                write_all(err.write.get(), 10);
                write_all(out.write.get(), bytes);
            });
            const Memory output, errors;
            ASSERT_TRUE(relay({.channels = {{out.read, output.fd}, {err.read, errors.fd}}, .process = process.fd()}, signals));
            EXPECT_EQ(output.size(), static_cast<std::int64_t>(bytes));
            EXPECT_EQ(errors.size(), 10) << "apart";
            EXPECT_EQ(process.exit_status(), 0);
        }
    });
}

TEST(Relay, what_never_ends_keeps_nobody_once_the_process_has_ended) {
    alone([] {
        const Fd endless(::open("/dev/zero", O_RDONLY | O_CLOEXEC));  // as somebody else inside who has the other end, and writes on
        const auto signals = SignalForwarding::begin().value();
        Process process([] {});
        ASSERT_TRUE(wait_for_exit(process.fd(), std::nullopt).value());
        const Memory output;
        ASSERT_TRUE(relay({.channels = {{endless, output.fd}}, .process = process.fd()}, signals));
        EXPECT_LE(output.size(), (1 << 20) + 8192) << "no more than the process can have left";
        EXPECT_GE(output.size(), 1 << 20) << "and no less";
    });
}

TEST(Relay, the_end_of_our_input_is_the_end_of_its_and_what_was_said_before_arrives) {
    alone([] {
        auto typed = make_pipe().value(), in = make_pipe().value(), out = make_pipe().value();
        const auto signals = SignalForwarding::begin().value();
        Process process([&] {
            in.write.reset();
            typed.write.reset();
            char room[16] = "";
            std::size_t got = 0;
            for (ssize_t count = 0; (count = ::read(in.read.get(), room + got, sizeof room - got)) > 0;) got += static_cast<std::size_t>(count);
            (void)!::write(out.write.get(), room, got);
            ::_exit(static_cast<int>(got));
        });
        ASSERT_EQ(::write(typed.write.get(), "hello", 5), 5);
        typed.write.reset();
        std::vector<Fd> inputs;
        const Channel input{typed.read, in.write};
        inputs.push_back(std::move(in.write));
        const Memory output;
        ASSERT_TRUE(relay({.channels = {input, {out.read, output.fd}}, .process = process.fd(), .close_after_input = &inputs}, signals));
        EXPECT_EQ(output.text(), "hello");
        EXPECT_EQ(process.exit_status(), 5);
        EXPECT_FALSE(inputs[0].is_open());
    });
}

// `exec ... | head -1`: nobody reads the output any more, and the process is told by its own next write, or goes on without.
TEST(Relay, an_output_that_nobody_takes_any_more_ends_that_way_alone) {
    alone([] {
        auto broken = make_pipe().value();
        const auto out = make_pipe().value(), err = make_pipe().value();
        broken.read.reset();
        const auto signals = SignalForwarding::begin().value();
        Process process([&] {
            write_all(out.write.get(), 100);
            ::poll(nullptr, 0, 20);
            write_all(err.write.get(), 100'000);
        });
        const Memory errors;
        ASSERT_TRUE(relay({.channels = {{out.read, broken.write}, {err.read, errors.fd}}, .process = process.fd()}, signals));
        EXPECT_EQ(errors.size(), 100'000);
        EXPECT_EQ(process.exit_status(), 0);
    });
}

TEST(Relay, an_output_that_takes_nothing_holds_up_no_other_and_a_signal_gives_it_up) {
    alone([] {
        const auto full = make_pipe().value(), out = make_pipe().value(), err = make_pipe().value();
        ::fcntl(full.write.get(), F_SETFL, O_NONBLOCK);
        const std::string block(4096, 'x');
        while (::write(full.write.get(), block.data(), block.size()) > 0) {}
        ::fcntl(full.write.get(), F_SETFL, 0);
        const auto signals = SignalForwarding::begin().value();
        Process process([&] {
            write_all(out.write.get(), 100);
            write_all(err.write.get(), 100'000);
        });
        const Memory errors;
        const pid_t self = ::getpid();
        Process impatient([&] {
            while (errors.size() < 100'000) ::poll(nullptr, 0, 5);
            ::poll(nullptr, 0, 50);
            ::kill(self, SIGINT);
        });
        ASSERT_TRUE(relay({.channels = {{out.read, full.write}, {err.read, errors.fd}}, .process = process.fd()}, signals));
        EXPECT_EQ(errors.size(), 100'000);
        EXPECT_EQ(::fcntl(full.write.get(), F_GETFL) & O_NONBLOCK, 0) << "others have it too, and get it back as it was";
    });
}

TEST(Relay, signals_are_the_processs_and_not_ours) {
    alone([] {
        for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2}) {
            const auto signals = SignalForwarding::begin().value();
            Process process([&] {
                sigset_t one;
                ::sigemptyset(&one);
                ::sigaddset(&one, signal);
                int got = 0;
                ::sigwait(&one, &got);
                ::_exit(got);
            });
            ::kill(::getpid(), signal);
            ASSERT_TRUE(relay({.channels = {}, .process = process.fd()}, signals));
            EXPECT_EQ(process.exit_status(), signal);
        }
    });
}

TEST(SignalForwarding, takes_one_after_the_other_and_gives_the_mask_back) {
    alone([] {
        sigset_t before, after;
        ::sigprocmask(SIG_SETMASK, nullptr, &before);
        {
            const auto first = SignalForwarding::begin().value();
            EXPECT_FALSE(first.take().value());
            for (int signal : {SIGUSR1, SIGUSR1, SIGTERM}) ::kill(::getpid(), signal);
            std::vector<int> taken;
            while (auto signal = first.take().value()) taken.push_back(*signal);
            std::ranges::sort(taken);
            EXPECT_EQ(taken, (std::vector{SIGUSR1, SIGTERM})) << "of one kind one waits";
        }
        ::sigprocmask(SIG_SETMASK, nullptr, &after);
        for (int signal = 1; signal < NSIG; ++signal) EXPECT_EQ(::sigismember(&before, signal), ::sigismember(&after, signal)) << signal;
    });
}

TEST(SentSignals, what_somebody_sends_is_handed_on) {
    alone([] {
        const auto ended = make_pipe().value();
        const auto signals = SentSignals::begin().value();
        Process command([&] {
            sigset_t wanted;
            ::sigemptyset(&wanted);
            for (int signal : {SIGTERM, SIGUSR1}) ::sigaddset(&wanted, signal);
            for (int count = 0, got = 0; count < 2; ++count) ::sigwait(&wanted, &got);
            (void)!::write(ended.write.get(), "x", 1);
        });
        ::kill(::getpid(), SIGTERM);
        ::kill(::getpid(), SIGUSR1);
        ASSERT_TRUE(signals.forward_until(ended.read, command.fd()));
        EXPECT_EQ(command.exit_status(), 0);
    });
}

TEST(Interrupts, a_control_c_is_something_to_read_and_counts_once_they_are_over) {
    for (int signal : {SIGINT, SIGTERM, SIGHUP})
        alone([signal] {
            Process interrupted([signal] {
                auto interrupts = Interrupts::block().value();
                pollfd ready{interrupts.fd().get(), POLLIN, 0};
                if (::poll(&ready, 1, 0) != 0) ::_exit(1);
                ::kill(::getpid(), signal);
                if (::poll(&ready, 1, 10'000) != 1) ::_exit(2);
                const auto moved = std::move(interrupts);
                ready.fd = moved.fd().get();
                if (::poll(&ready, 1, 0) != 1) ::_exit(3);
            });
            EXPECT_EQ(interrupted.exit_status(), 128 + signal) << "whoever asked for the end gets it";
        });
}

}  // namespace
}  // namespace vs::sys
