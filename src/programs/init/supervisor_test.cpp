// The supervisor with real children, on a clock that is the test's.

#include "programs/init/supervisor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstring>

#include "base/text.hpp"
#include "model/service_table_writer.hpp"
#include "programs/init/run_service.hpp"
#include "programs/small_program.hpp"
#include "sys/own_namespaces.hpp"

namespace vs::init {
namespace {

using namespace std::chrono_literals;

/// A file in memory as standard error, which is where the console writes, for as long as it lives.
class Said {
  public:
    Said() : file_(::memfd_create("console", MFD_CLOEXEC)), before_(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) { ::dup2(file_, STDERR_FILENO); }
    ~Said() {
        ::dup2(before_, STDERR_FILENO);
        ::close(before_);
        ::close(file_);
    }
    Said(const Said&) = delete;
    Said& operator=(const Said&) = delete;

    /// Its lines without the name that each begins with, and without numbers of processes.
    [[nodiscard]] std::vector<std::string> lines() const {
        std::string text(65536, '\0');
        text.resize(static_cast<std::size_t>(std::max<ssize_t>(::pread(file_, text.data(), text.size(), 0), 0)));
        std::vector<std::string> found;
        for (auto line : base::split(base::trim_end(text), '\n')) {
            constexpr std::string_view kName = "vserver-init: ", kNumber = " as process ";
            EXPECT_TRUE(line.empty() || line.starts_with(kName)) << line;
            if (!line.empty()) found.emplace_back(line.substr(kName.size(), line.find(kNumber) - kName.size()));
        }
        return found;
    }

  private:
    int file_, before_;
};

using Lines = std::vector<std::string>;

model::Service service(std::string name, std::vector<std::string> command, bool restart = true, std::string user = "root") {
    model::Service made;
    made.name = std::move(name);
    made.command = std::move(command);
    made.restart = restart;
    made.user = std::move(user);
    return made;
}

/// A supervisor of these services in front of a console.
class Supervised {
  public:
    explicit Supervised(const std::vector<model::Service>& services)
        : bytes_(model::write_service_table(services, 1s).value()), table_(*model::read_service_table(bytes_)), supervisor_(table_, console_) {}

    Supervisor& operator*() { return supervisor_; }
    Supervisor* operator->() { return &supervisor_; }
    [[nodiscard]] Lines lines() const { return said_.lines(); }
    /// Waits for the end of a child and tells the supervisor.
    void reap(Instant now) {
        int status = 0;
        const pid_t child = ::waitpid(-1, &status, 0);
        ASSERT_GT(child, 0);
        supervisor_.ended(child, status, now);
    }

  private:
    Said said_;
    Console console_;
    std::string bytes_;
    model::ServiceTable table_;
    Supervisor supervisor_;
};

const Instant kBegin = Instant(1000h);

// The children change namespaces, users and sessions: each test is in a process of its own.
void alone(const std::function<void()>& body) { sys::in_own_namespaces(CLONE_NEWNS, body); }

TEST(Supervisor, starts_all_at_once_and_each_again_after_its_pause) {
    alone([] {
        Supervised of({service("one", {"/bin/true"}), service("two", {"/bin/sh", "-c", "exit 7"}, false)});
        EXPECT_EQ(of->next_start(), Instant{}) << "at once";
        of->start_due(kBegin);
        EXPECT_FALSE(of->next_start());
        of.reap(kBegin + 10ms);
        of.reap(kBegin + 10ms);
        EXPECT_EQ(of->next_start(), kBegin + 1010ms);
        of->start_due(kBegin + 1009ms);
        EXPECT_EQ(of->next_start(), kBegin + 1010ms) << "not before its time";
        of->start_due(kBegin + 1010ms);
        of.reap(kBegin + 1020ms);
        EXPECT_EQ(of->next_start(), kBegin + 3020ms) << "twice as long";
        auto lines = of.lines();
        std::ranges::sort(lines);
        EXPECT_EQ(lines, (Lines{"one: ended with status 0", "one: ended with status 0", "one: started", "one: started", "one: starting again in 1 s",
                                "one: starting again in 2 s", "two: ended with status 7", "two: started"}));
    });
}

TEST(Supervisor, one_that_is_not_to_restart_is_never_started_again) {
    alone([] {
        Supervised of({service("once", {"/bin/true"}, false)});
        of->start_due(kBegin);
        of.reap(kBegin + 1s);
        EXPECT_FALSE(of->next_start());
        of->start_due(kBegin + 1000h);
        EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child";
        EXPECT_EQ(of.lines(), (Lines{"once: started", "once: ended with status 0"}));
    });
}

TEST(Supervisor, who_ran_for_a_minute_begins_again_at_a_second) {
    alone([] {
        Supervised of({service("web", {"/bin/true"})});
        auto now = kBegin;
        for (auto [ran, pause] : {std::pair{1ms, 1s}, {1ms, 2s}, {59'999ms, 4s}, {60'000ms, 1s}, {1ms, 2s}}) {
            of->start_due(now);
            of.reap(now + ran);
            EXPECT_EQ(of->next_start(), now + ran + pause) << ran.count();
            now += ran + pause;
        }
    });
}

TEST(Supervisor, a_signal_is_told_and_orphans_are_nobodys) {
    alone([] {
        Supervised of({service("web", {"/bin/sleep", "1000"})});
        of->ended(0, 0, kBegin);
        EXPECT_TRUE(of.lines().empty()) << "it does not run yet";
        of->start_due(kBegin);
        if (::fork() == 0) ::_exit(9);
        of.reap(kBegin);  // the orphan: the other one sleeps
        EXPECT_FALSE(of->next_start());
        of->ended(::getpid(), 0, kBegin);
        EXPECT_EQ(of.lines(), Lines{"web: started"});
        ASSERT_EQ(::kill(std::stoi(sys::read_file(sys::kHere, "/proc/thread-self/children").value()), SIGKILL), 0);
        of.reap(kBegin + 1s);
        EXPECT_EQ(of.lines(), (Lines{"web: started", "web: ended by signal 9", "web: starting again in 1 s"}));
    });
}

TEST(Supervisor, where_there_is_no_room_for_a_process_it_tries_again_later) {
    alone([] {
        Supervised of({service("web", {"/bin/true"}, false)});
        if (::setresuid(54322, 54322, 54322) < 0) FAIL();
        const rlimit none{1, 1};
        ASSERT_EQ(::setrlimit(RLIMIT_NPROC, &none), 0);
        of->start_due(kBegin);
        EXPECT_EQ(of->next_start(), kBegin + 1s);
        of->start_due(kBegin + 1s);
        EXPECT_EQ(of->next_start(), kBegin + 3s);
        of->start_due(kBegin + 1h);
        EXPECT_EQ(of->next_start(), kBegin + 1h + 4s) << "it has not run for an hour";
        EXPECT_EQ(of.lines()[0], "web: cannot make a process: Resource temporarily unavailable");
    });
}

TEST(Supervisor, of_many_the_first_that_is_due_is_waited_for) {
    alone([] {
        std::vector<model::Service> many;
        for (std::size_t i = 0; i < model::kMostServices; ++i) many.push_back(service(fmt::format("s{}", i), {"/bin/true"}));
        Supervised of(many);
        of->start_due(kBegin);
        for (std::size_t i = 0; i < many.size(); ++i) of.reap(kBegin + std::chrono::milliseconds(100 - i));
        EXPECT_EQ(of->next_start(), kBegin + 1s + 100ms - 63ms);
        of->start_due(kBegin + 1s + 50ms);
        EXPECT_EQ(of->next_start(), kBegin + 1s + 51ms);
    });
}

// ------------------------------------------------------------------------------------------------------- a service

/// What a service does and says, in a root of the machine's programs with accounts of the test's own.
struct Ended {
    int status = -1;
    Lines said;
};

/// What a careless caller may have left: everything blocked, something inheritable, and capabilities that survive a change of user.
void be_careless() {
    sigset_t all;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3]{};
    ASSERT_EQ(::syscall(SYS_capget, &header, sets), 0);
    for (auto& set : sets) set.inheritable = set.permitted;
    ASSERT_EQ(::syscall(SYS_capset, &header, sets), 0);
    ASSERT_EQ(::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP), 0);
}

Ended run(const model::Service& wanted, const std::string& passwd, const std::string& group = "") {
    Ended ended;
    alone([&] {
        ASSERT_EQ(::mount("etc", "/etc", "tmpfs", 0, "mode=0755"), 0);
        const auto etc = sys::open_dir(sys::kHere, "/etc").value();
        ASSERT_TRUE(sys::replace_file(etc, "passwd", passwd, 0644, sys::Durability::volatile_));
        ASSERT_TRUE(sys::replace_file(etc, "group", group, 0644, sys::Durability::volatile_));
        const std::string bytes = model::write_service_table({wanted}, 1s).value();
        const auto table = *model::read_service_table(bytes);
        Said said;
        Console console;
        programs::Spawned child([&] {
            be_careless();
            run_service(table.slots[0], console);
        });
        const int status = child.exit_status();
        std::string text = std::to_string(status);
        for (const auto& line : said.lines()) text += "\n" + line;
        ASSERT_EQ(::mount("tmpfs", "/etc", nullptr, MS_REMOUNT, "mode=0700"), 0);
        ASSERT_TRUE(sys::replace_file(sys::open_dir(sys::kHere, "/var/tmp").value(), "vserver-init-test", text, 0600, sys::Durability::volatile_));
    });
    const auto place = sys::open_dir(sys::kHere, "/var/tmp").value();
    const auto text = sys::read_file(place, "vserver-init-test").value_or("-1");
    (void)sys::remove_file(place, "vserver-init-test");
    const auto lines = base::split(text, '\n');
    ended.status = std::stoi(std::string(lines[0]));
    ended.said.assign(lines.begin() + 1, lines.end());
    return ended;
}

const std::string kPasswd = "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34::/tmp:\nlong:x:40:40::/" + std::string(4200, 'h') + ":\n1000:x:0:0::/:\nlost:x:50:50::/no/such/home:/bin/sh\n";

TEST(Service, what_cannot_be_run_is_told_with_the_status_of_a_shell) {
    struct Case {
        model::Service service;
        int status;
        const char* said;
    };
    for (const auto& [wanted, status, said] :
         {Case{service("s", {"/no/such/program"}), 127, "s: cannot run /no/such/program: No such file or directory"},
          Case{service("s", {"no-such-program-anywhere"}), 127, "s: cannot run no-such-program-anywhere: No such file or directory"},
          Case{service("s", {"/etc/passwd"}), 126, "s: cannot run /etc/passwd: Permission denied"}, Case{service("s", {"/etc/passwd/x"}), 127, "s: cannot run /etc/passwd/x: Not a directory"},
          Case{service("s", {"/"}), 126, "s: cannot run /: Permission denied"},
          Case{service("s", {"/bin/true"}, true, "nobody-there"), 126, "s: cannot find its user: nobody-there"},
          Case{service("s", {"/bin/true"}, true, "4294967295"), 126, "s: cannot find its user: 4294967295"},
          Case{service("s", {"/bin/true"}, true, "long"), 126, "s: cannot make its environment: too long"}}) {
        const auto ended = run(wanted, kPasswd);
        EXPECT_EQ(ended.status, status) << said;
        EXPECT_EQ(ended.said, Lines{said});
    }
}

// Asked of a program that is no shell: some shells take everything off that is blocked.
TEST(Service, has_no_signal_blocked) { EXPECT_EQ(run(service("s", {"grep", "-q", "^SigBlk:.0*$", "/proc/self/status"}), kPasswd).status, 0); }

TEST(Service, is_searched_where_programs_of_a_system_are) { EXPECT_EQ(run(service("s", {"env", "true"}), kPasswd).status, 0); }

// The script ends with 0 where all is as it should be.
TEST(Service, has_its_users_ids_home_and_a_clean_environment) {
    struct Case {
        const char* user;
        const char* script;
    };
    for (const auto& [user, script] :
         {Case{"web", "[ $(id -u):$(id -g):\"$(id -G)\" = '33:34:34 7 9' ] && [ $PWD:$HOME:$USER:$LOGNAME:$SHELL = /tmp:/tmp:web:web:/bin/sh ]"},
          Case{"root", "[ $(id -u):$(id -G) = 0:0 ] && [ $HOME:$SHELL = /root:/bin/sh ]"},
          Case{"1000", "[ $(id -u):$(id -g):\"$(id -G)\" = 1000:1000:1000 ] && [ \"$PWD:$HOME:$USER\" = /:/: ]"},  // a number is never a name
          Case{"lost", "[ $PWD:$HOME = /:/no/such/home ]"}, Case{"web", "[ -z \"$LEAK\" ] && [ $(env | grep -vc -e ^PWD= -e ^_= -e ^SHLVL=) -le 6 ]"},
          Case{"web", "[ $(grep -c '^Cap[IPEA].*:.0*$' /proc/self/status) = 4 ]"},
          Case{"root", "grep -q '^CapInh:.0*$' /proc/self/status && ! grep -q '^CapEff:.0*$' /proc/self/status"},
          Case{"web", "[ $(readlink /proc/self/fd/0) = /dev/null ] && [ $(cut -d' ' -f6 /proc/$$/stat) = $$ ]"}}) {
        ::setenv("LEAK", "secret", 1);
        const auto ended = run(service("s", {"/bin/sh", "-c", script}, true, user), kPasswd, "seven:x:7:other,web\nbad:x:-5:web\nnine:x:9:web\nten:x:10:webber\n");
        EXPECT_EQ(ended.status, 0) << user << ": " << script;
        EXPECT_TRUE(ended.said.empty());
    }
}

TEST(Service, accounts_that_are_too_long_or_have_too_many_groups_start_nothing) {
    std::string groups;
    for (int i = 0; i < 257; ++i) groups += fmt::format("g{}:x:{}:web\n", i, 1000 + i);
    auto ended = run(service("s", {"/bin/true"}, true, "web"), kPasswd, groups);
    EXPECT_EQ(ended.status, 126);
    EXPECT_EQ(ended.said, Lines{"s: cannot take its groups: they are too many"});
    ended = run(service("s", {"/bin/true"}, true, "web"), kPasswd + std::string(1 << 19, '#'));
    EXPECT_EQ(ended.status, 126);
    EXPECT_EQ(ended.said, Lines{"s: cannot read the accounts: the file is too long"});
}

// ------------------------------------------------------------------------------------------------------- the console

TEST(Console, a_line_is_one_whatever_is_in_it_and_never_longer_than_it_may_be) {
    const Said said;
    Console console;
    console.line("%s", "");
    console.line("%s", std::string(1000, 'x').c_str());
    console.line("end");
    const auto lines = said.lines();
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0], "");
    EXPECT_EQ(lines[1], std::string(lines[1].size(), 'x'));
    EXPECT_EQ(lines[1].size() + std::strlen("vserver-init: \n"), 256U);
    EXPECT_EQ(lines[2], "end");
}

TEST(Console, waits_for_nobody_and_tells_how_many_lines_were_lost) {
    int pipe[2];
    ASSERT_EQ(::pipe2(pipe, O_CLOEXEC | O_NONBLOCK), 0);
    const int before = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    ::dup2(pipe[1], STDERR_FILENO);
    Console console;
    char room[4096] = "";
    while (::write(pipe[1], room, sizeof room) > 0) {}
    for (int i = 0; i < 3; ++i) console.line("lost");
    while (::read(pipe[0], room, sizeof room) > 0) {}
    console.line("here");
    console.line("again");
    ::dup2(before, STDERR_FILENO);
    ::close(before);
    const auto got = ::read(pipe[0], room, sizeof room);
    EXPECT_EQ(std::string_view(room, static_cast<std::size_t>(std::max<ssize_t>(got, 0))), "vserver-init: (3 lines lost) here\nvserver-init: again\n");
    ::close(pipe[0]);
    ::close(pipe[1]);
}

}  // namespace
}  // namespace vs::init
