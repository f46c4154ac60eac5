// vserver-reaper as the first process of a PID namespace, with a command of the test's as its child.

#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cstring>
#include <optional>

#include "context/reaper_protocol.hpp"
#include "programs/small_program.hpp"
#include "sys/own_namespaces.hpp"

namespace vs::context::reaper {
namespace {

using programs::eventually;
using programs::execute;
using programs::Spawned;

enum class Tells { no, yes };

/// The command, in the namespace: it gets the write end of a pipe that is in the test's hands.
using Command = std::function<void(int)>;

/// A context: made as the room context makes one (context/context_child.cpp), the reaper after it has forked the command.
class Context {
  public:
    explicit Context(const Command& command, Tells tells = Tells::yes, std::string record = "") {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends_), 0);
        EXPECT_EQ(::pipe2(words_, O_CLOEXEC), 0);
        first_.emplace([&] { become_first(command, tells, record); });
        ::close(ends_[1]);
        ::close(words_[1]);
    }
    ~Context() {
        stop_waiting();
        ::close(words_[0]);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    [[nodiscard]] pid_t first() const { return first_->pid(); }
    /// What the reaper says of the command's end; nullopt where it ends without.
    std::optional<Ending> ending() {
        Ending told;
        pollfd ready{ends_[0], POLLIN, 0};
        EXPECT_EQ(::poll(&ready, 1, 10'000), 1) << "nothing is told";
        return ::read(ends_[0], &told, sizeof told) == sizeof told ? std::optional(told) : std::nullopt;
    }
    /// As whoever waits for the command and is killed.
    void stop_waiting() {
        if (ends_[0] >= 0) ::close(ends_[0]);
        ends_[0] = -1;
    }
    /// One word of the command's.
    std::string word() {
        char room[64] = "";
        pollfd ready{words_[0], POLLIN, 0};
        EXPECT_EQ(::poll(&ready, 1, 10'000), 1) << "the command says nothing";
        return {room, static_cast<std::size_t>(std::max<ssize_t>(::read(words_[0], room, sizeof room), 0))};
    }
    int exit_status() { return first_->exit_status(); }
    /// After a while in which it could have ended.
    [[nodiscard]] bool lives_on() const {
        ::poll(nullptr, 0, 50);
        siginfo_t info{};
        return ::waitid(P_PID, static_cast<id_t>(first()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0;
    }

  private:
    void become_first(const Command& command, Tells tells, const std::string& record) {
        ::unshare(CLONE_NEWNS);
        ::mount("proc", "/proc", "proc", 0, nullptr);
        sigset_t all, none;  // as context_child.cpp does: what comes before the reaper waits for it
        ::sigfillset(&all);
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &all, nullptr);
        const pid_t child = ::fork();
        if (child == 0) {
            ::sigprocmask(SIG_SETMASK, &none, nullptr);
            ::close(ends_[0]);
            ::close(ends_[1]);
            command(words_[1]);
            ::_exit(0);
        }
        ::dup2(ends_[1], kStatusFd == ends_[1] ? ::dup(ends_[1]) : kStatusFd);
        ::fcntl(kStatusFd, F_SETFD, 0);
        execute(VSERVER_REAPER, {std::to_string(child), record, tells == Tells::yes ? kTold : kAlone});
    }

    int ends_[2] = {-1, -1}, words_[2] = {-1, -1};
    std::optional<Spawned> first_;
};

void say(int out, const char* word) { (void)!::write(out, word, std::strlen(word)); }

/// Each test is alone in namespaces whose children are the first of a PID namespace.
void in_a_namespace(const std::function<void()>& body) { sys::in_own_namespaces(CLONE_NEWPID | CLONE_NEWNS, body); }

TEST(Reaper, tells_how_the_command_ended_and_that_nothing_is_left) {
    struct Case {
        Command command;
        int status;
    };
    for (const auto& [command, status] : {Case{[](int) {}, 0}, Case{[](int) { ::_exit(42); }, 42 << 8}, Case{[](int) { ::_exit(255); }, 255 << 8},
                                          Case{[](int) { ::kill(::getpid(), SIGKILL); }, SIGKILL},
                                          Case{[](int) { ::signal(SIGTERM, SIG_DFL), ::kill(::getpid(), SIGTERM); }, SIGTERM}})
        in_a_namespace([&] {
            Context context(command);
            const auto told = context.ending();
            ASSERT_TRUE(told);
            EXPECT_EQ(told->wait_status & ~0x80, status);  // without the bit of a core file
            EXPECT_EQ(told->empty, 1);
            EXPECT_EQ(context.exit_status(), 0);
        });
}

TEST(Reaper, waits_for_what_the_command_has_left_and_tells_at_once) {
    in_a_namespace([] {
        int gate[2];
        ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
        Context context([&](int) {
            ::close(gate[1]);
            if (::fork() != 0) ::_exit(7);
            char byte = 0;
            (void)!::read(gate[0], &byte, 1);  // until the test lets it go
        });
        const auto told = context.ending();
        ASSERT_TRUE(told);
        EXPECT_EQ(told->wait_status, 7 << 8);
        EXPECT_EQ(told->empty, 0) << "the orphan";
        EXPECT_TRUE(context.lives_on());
        ::close(gate[1]);
        EXPECT_EQ(context.exit_status(), 0);
    });
}

TEST(Reaper, reaps_orphans_while_the_command_runs) {
    in_a_namespace([] {
        Context context([](int out) {
            for (int i = 0; i < 20; ++i)
                if (const pid_t child = ::fork(); child == 0) {
                    if (::fork() != 0) ::_exit(0);  // the grandchild is an orphan
                    ::_exit(1);
                } else {
                    ::waitpid(child, nullptr, 0);
                }
            // Numbers are given in order: those that are gone from /proc have been reaped.
            const bool reaped = eventually([] {
                int left = 0;
                for (int pid = 3; pid < 60; ++pid) left += ::access(fmt::format("/proc/{}", pid).c_str(), F_OK) == 0 ? 1 : 0;
                return left == 0;
            });
            say(out, reaped ? "reaped" : "zombies");
        });
        EXPECT_EQ(context.word(), "reaped");
        EXPECT_EQ(context.ending()->empty, 1);
    });
}

TEST(Reaper, whoever_came_in_from_outside_keeps_the_context_until_he_ends) {
    in_a_namespace([] {
        Context context([](int out) {
            say(out, "here");
            ::pause();
        });
        ASSERT_EQ(context.word(), "here");
        int gate[2];
        ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
        Spawned visitor([&] {  // born in there, as nobody's child that is there
            ::close(gate[1]);
            char byte = 0;
            (void)!::read(gate[0], &byte, 1);
        });
        ::close(gate[0]);
        ::kill(context.first(), SIGTERM);  // which is for the command
        const auto told = context.ending();
        ASSERT_TRUE(told);
        EXPECT_EQ(told->wait_status, SIGTERM);
        EXPECT_EQ(told->empty, 0);
        EXPECT_TRUE(context.lives_on());
        ::close(gate[1]);
        EXPECT_EQ(visitor.exit_status(), 0);
        EXPECT_EQ(context.exit_status(), 0);
    });
}

TEST(Reaper, hands_on_the_signals_of_outside_and_no_others) {
    in_a_namespace([] {
        Context context([](int out) {
            sigset_t all;
            ::sigfillset(&all);
            ::sigprocmask(SIG_SETMASK, &all, nullptr);
            for (int signal : {SIGHUP, SIGUSR2, SIGTERM}) ::kill(1, signal);  // from inside: for nobody
            say(out, "ready");
            for (int got = 0; ::sigwait(&all, &got) == 0 && got != SIGTERM;) say(out, fmt::format("{} ", got).c_str());
        });
        ASSERT_EQ(context.word(), "ready");
        for (int signal : {SIGINT, SIGUSR1, SIGRTMAX, SIGWINCH}) {
            ::kill(context.first(), signal);
            EXPECT_EQ(context.word(), fmt::format("{} ", signal));
        }
        ::kill(context.first(), SIGTERM);
        EXPECT_EQ(context.ending()->wait_status, 0);
    });
}

TEST(Reaper, kills_the_command_when_nobody_waits_for_it_any_more) {
    in_a_namespace([] {
        Context context([](int out) {
            ::signal(SIGTERM, SIG_IGN);
            say(out, "deaf");
            for (;;) ::pause();
        });
        ASSERT_EQ(context.word(), "deaf");
        context.stop_waiting();
        EXPECT_EQ(context.exit_status(), 0);
    });
}

TEST(Reaper, where_nobody_waits_the_command_runs_on) {
    in_a_namespace([] {
        int gate[2];
        ASSERT_EQ(::pipe2(gate, O_CLOEXEC), 0);
        Context context([&](int) {
            ::close(gate[1]);
            char byte = 0;
            ::_exit(::read(gate[0], &byte, 1) == 1 ? 0 : 1);
        }, Tells::no);
        context.stop_waiting();
        ASSERT_EQ(::write(gate[1], "x", 1), 1);
        EXPECT_EQ(context.exit_status(), 0);
    });
}

TEST(Reaper, removes_the_record_of_the_context_when_it_ends_and_not_before) {
    const sys::ScratchDir dir;
    dir.write("record", "4196");
    dir.write("other", "4197");
    in_a_namespace([&] {
        Context context([](int out) {
            say(out, "here");
            ::pause();
        }, Tells::yes, dir.path("record"));
        ASSERT_EQ(context.word(), "here");
        EXPECT_TRUE(dir.has("record"));
        ::kill(context.first(), SIGTERM);
        EXPECT_EQ(context.exit_status(), 0);
    });
    EXPECT_FALSE(dir.has("record"));
    EXPECT_TRUE(dir.has("other"));
}

TEST(Reaper, a_record_that_is_gone_or_is_a_directory_changes_nothing) {
    const sys::ScratchDir dir;
    dir.make_dir("directory");
    for (const auto& record : {dir.path("nothing"), dir.path("directory"), std::string(8000, 'x')})
        in_a_namespace([&] {
            Context context([](int) {}, Tells::yes, record);
            EXPECT_EQ(context.exit_status(), 0);
        });
    EXPECT_TRUE(dir.has("directory"));
}

// Whoever reads what the command wrote must see its end, and who unmounts what the command was given must be able to.
TEST(Reaper, keeps_nothing_open_and_stands_nowhere) {
    in_a_namespace([] {
        int held[2];
        ASSERT_EQ(::pipe(held), 0);  // not close-on-exec
        Context context([&](int out) {
            ::close(held[1]);
            say(out, "here");
            ::pause();
        });
        ::close(held[1]);
        ASSERT_EQ(context.word(), "here");
        EXPECT_EQ(programs::read_to_end(held[0]), "") << "the reaper would keep it open";
        EXPECT_TRUE(eventually([&] { return sys::read_link(sys::kHere, fmt::format("/proc/{}/cwd", context.first())).value_or("") == "/"; }));
    });
}

TEST(Reaper, is_the_first_process_of_a_namespace_or_nothing) {
    Spawned alone([] { execute(VSERVER_REAPER, {"2", "", kAlone}); });
    EXPECT_EQ(alone.exit_status(), 125);
    for (const auto& words : {std::vector<std::string>{}, {"2"}, {"2", ""}, {"2", "", kAlone, "more"}})
        in_a_namespace([&] {
            Spawned first([&] { execute(VSERVER_REAPER, words); });
            EXPECT_EQ(first.exit_status(), 125) << words.size();
        });
}

// A number that is nobody's, as a damaged command line would have it: it must not become a signal to everybody, which -1 is.
TEST(Reaper, a_number_that_no_child_has_is_no_command) {
    for (const char* number : {"0", "-1", "99999", "x", ""})
        in_a_namespace([&] {
            int words[2];
            ASSERT_EQ(::pipe2(words, O_CLOEXEC), 0);
            Spawned first([&] {
                sigset_t all, none;
                ::sigfillset(&all);
                ::sigemptyset(&none);
                ::sigprocmask(SIG_SETMASK, &all, nullptr);
                if (::fork() == 0) {
                    ::sigprocmask(SIG_SETMASK, &none, nullptr);
                    ::poll(nullptr, 0, 50);
                    say(words[1], "unharmed");
                    ::_exit(0);
                }
                execute(VSERVER_REAPER, {number, "", kAlone});
            });
            ::close(words[1]);
            ::kill(first.pid(), SIGUSR1);
            EXPECT_EQ(programs::read_to_end(words[0]), "unharmed") << number;
            EXPECT_EQ(first.exit_status(), 0) << number;
        });
}

}  // namespace
}  // namespace vs::context::reaper
