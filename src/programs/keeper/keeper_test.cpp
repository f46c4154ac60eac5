// vserver-keeper over an init of the test's, with scripts in the place of the recorder and of the command that it becomes.

#include <fcntl.h>
#include <signal.h>
#include <linux/close_range.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

#include "programs/small_program.hpp"
#include "server/keeper_protocol.hpp"

namespace vs::keeper {
namespace {

using programs::eventually;
using programs::execute;
using programs::make_script;
using programs::Spawned;

/// Descriptors of the test's, out of the way of those that a keeper expects.
constexpr int kHigh = 100;

using Init = std::function<void()>;
/// What a child does before it becomes the keeper.
using Before = std::function<void()>;

void become_init(const Init& init) {
    init();
    ::_exit(0);
}

void place(int fd, int number) {
    if (fd == number) ::fcntl(fd, F_SETFD, 0);
    else ::dup2(fd, number);
}

/// A keeper, from its start to what it says when its init has ended.
class Keeper {
  public:
    enum class Origin { parent, adopted };

    Keeper() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report_), 0);
        int gate[2];
        EXPECT_EQ(::pipe2(gate, O_CLOEXEC), 0);
        gate_[0] = ::fcntl(gate[0], F_DUPFD_CLOEXEC, kHigh);
        gate_[1] = ::fcntl(gate[1], F_DUPFD_CLOEXEC, kHigh);
        ::close(gate[0]);
        ::close(gate[1]);
        command("exit 0");
        record("exec cat <&3");  // until the init is let go: nothing outlives a test
    }
    ~Keeper() {
        let_go();
        keeper_.reset();
        for (int fd : {gate_[0], report_[0], report_[1]})
            if (fd >= 0) ::close(fd);
    }

    /// What a recorder does after it has noted its pid and its arguments, and the command at the end.
    void record(const std::string& what) { make_script(dir_, "program", "echo $$ \"$@\" >>" + dir_.path("recorders") + "\n" + what); }
    void command(const std::string& what) { make_script(dir_, "vserver", "echo \"$@\" >" + dir_.path("ended") + "\n" + what); }
    /// The init of the test waits until it is let go, and does this then.
    void begin(const Init& init, Origin origin = Origin::parent, const Before& before = [] {}) {
        const Init waiting = [this, init] {
            ::close(gate_[1]);
            char byte = 0;
            (void)!::read(gate_[0], &byte, 1);
            init();
        };
        if (origin == Origin::adopted) other_.emplace([&] { waiting(); });
        keeper_.emplace([&] { become_keeper(waiting, origin, before); });
    }
    void let_go() {
        if (gate_[1] >= 0) ::close(gate_[1]);
        gate_[1] = -1;
    }
    /// As the kernel does with an init that nobody adopts: it is gone when its status has been asked for.
    void bury() { other_->wait(); }

    /// The word that the start gets.
    std::string report() {
        char room[64] = "";
        pollfd ready{report_[0], POLLIN, 0};
        EXPECT_EQ(::poll(&ready, 1, 10'000), 1) << "nothing is told";
        return {room, static_cast<std::size_t>(std::max<ssize_t>(::recv(report_[0], room, sizeof room, 0), 0))};
    }
    void nobody_waits() {
        ::close(report_[0]);
        report_[0] = -1;
    }
    /// The arguments of the command that it has become.
    std::string ended() {
        EXPECT_EQ(keeper_->exit_status(), 0);
        return dir_.read("ended");
    }
    [[nodiscard]] std::vector<pid_t> recorders() const {
        std::ifstream file(dir_.path("recorders"));
        std::vector<pid_t> pids;
        for (std::string line; std::getline(file, line);) pids.push_back(std::stoi(line));
        return pids;
    }
    bool has_recorders(std::size_t count) {
        return eventually([&] { return recorders().size() >= count; });
    }
    [[nodiscard]] pid_t pid() const { return keeper_->pid(); }
    int exit_status() { return keeper_->exit_status(); }
    [[nodiscard]] const sys::ScratchDir& dir() const { return dir_; }

  private:
    void become_keeper(const Init& init, Origin origin, const Before& before) {
        ::close(gate_[1]);
        const pid_t pid = origin == Origin::adopted ? other_->pid() : ::fork();
        if (pid == 0) become_init(init);
        const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
        const int high = ::fcntl(pidfd, F_DUPFD_CLOEXEC, kHigh), report = ::fcntl(report_[1], F_DUPFD_CLOEXEC, kHigh);
        const int run = ::open(dir_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const int run_high = ::fcntl(run, F_DUPFD_CLOEXEC, kHigh), null = ::open("/dev/null", O_RDWR | O_CLOEXEC), null_high = ::fcntl(null, F_DUPFD_CLOEXEC, kHigh);
        for (int number = kConsole; number <= kLast; ++number) ::close(number);
        for (int number = kConsole; number < kRecorder; ++number) place(null_high, number);
        place(gate_[0], kConsole);
        place(high, kInit);
        place(run_high, kRunDir);
        place(report, kReport);
        (void)!::chdir(dir_.path().c_str());
        ::close_range(kLast + 1, ~0U, CLOSE_RANGE_CLOEXEC);
        before();
        execute(VSERVER_KEEPER, {"web", "7", origin == Origin::parent ? "parent" : "adopted", dir_.path("vserver"), dir_.path("program"), "5000", "1048576", "3", "1000", "2000"});
    }

    sys::ScratchDir dir_;
    int report_[2] = {-1, -1}, gate_[2] = {-1, -1};
    std::optional<Spawned> other_, keeper_;
};

/// Whether a script that becomes another program has these open and no others then. The script itself may be open still.
bool has_open(pid_t pid, const char* program, const std::vector<int>& expected) {
    return eventually([&] {
        const auto proc = fmt::format("/proc/{}", pid);
        std::vector<int> numbers;
        const auto fds = sys::open_dir(sys::kHere, proc + "/fd");
        const auto entries = sys::list_dir(fds.value());
        for (const auto& entry : entries.value())
            if (!sys::read_link(fds.value(), entry).value_or("").ends_with("/program")) numbers.push_back(std::stoi(entry));
        std::ranges::sort(numbers);
        return numbers == expected && sys::read_file(sys::kHere, proc + "/comm").value_or("") == program;
    });
}

struct End {
    const char* name;
    Init init;
    const char* told;
};

void die_by(int signal) {
    const rlimit none{1, 1};  // no core file
    ::setrlimit(RLIMIT_CORE, &none);
    ::signal(signal, SIG_DFL);
    ::kill(::getpid(), signal);
}

const End kEnds[] = {
    {"an exit", [] {}, "exit 0"},
    {"a status", [] { ::_exit(7); }, "exit 7"},
    {"the largest status", [] { ::_exit(255); }, "exit 255"},
    {"a reboot", [] { die_by(SIGHUP); }, "reboot"},
    {"a halt", [] { die_by(SIGINT); }, "halt"},
    {"a kill", [] { die_by(SIGKILL); }, "signal 9"},
    {"a crash", [] { die_by(SIGSEGV); }, "signal 11"},
    {"a real-time signal", [] { die_by(SIGRTMAX); }, "signal 64"},
};

TEST(Keeper, tells_how_the_init_ended_that_is_its_child) {
    for (const auto& [name, init, told] : kEnds) {
        Keeper keeper;
        keeper.begin(init);
        EXPECT_EQ(keeper.report(), kRunning) << name;
        keeper.let_go();
        EXPECT_EQ(keeper.ended(), fmt::format("--init-ended web 7 {}\n", told)) << name;
    }
}

/// The kernel keeps the status of a process that is nobody's child of ours from Linux 6.15 on.
bool tells_of_others() {
    Spawned child([] {});
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child.pid(), 0));
    child.wait();
    std::array<std::uint64_t, 9> info{1U << 3};  // PIDFD_INFO_EXIT
    const bool told = ::syscall(SYS_ioctl, pidfd, 0xC048FF0BUL, info.data()) == 0 && (info[0] & 1U << 3) != 0;
    ::close(pidfd);
    return told;
}

TEST(Keeper, tells_how_an_adopted_one_ended_or_that_nobody_knows) {
    const bool known = tells_of_others();
    for (const auto& [name, init, told] : kEnds) {
        Keeper keeper;
        keeper.begin(init, Keeper::Origin::adopted);
        EXPECT_EQ(keeper.report(), kRunning) << name;
        ::kill(keeper.pid(), SIGSTOP);  // until the status is there
        keeper.let_go();
        keeper.bury();
        ::kill(keeper.pid(), SIGCONT);
        EXPECT_EQ(keeper.ended(), fmt::format("--init-ended web 7 {}\n", known ? told : kUnknown)) << name;
    }
}

TEST(Keeper, an_init_that_has_ended_before_is_told_of_at_once) {
    Keeper keeper;
    keeper.let_go();
    keeper.begin([] { ::_exit(3); });
    EXPECT_EQ(keeper.ended(), "--init-ended web 7 exit 3\n");
}

TEST(Keeper, a_recorder_gets_its_descriptors_and_arguments_and_nothing_else) {
    Keeper keeper;
    keeper.begin([] {}, Keeper::Origin::parent, [] {
        for (int number = kView; number <= kLast; ++number) place(kRunDir, number);  // open, and not the recorder's
    });
    ASSERT_TRUE(keeper.has_recorders(1));
    const auto pid = keeper.recorders()[0];
    EXPECT_TRUE(has_open(pid, "cat\n", {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}));
    EXPECT_EQ(keeper.dir().read("recorders"), fmt::format("{} web 5000 1048576 3 1000 2000\n", pid));
    const auto noted = fmt::format("{}\n", pid);  // for the command that adopts the server when the keeper is gone
    EXPECT_TRUE(eventually([&] { return keeper.dir().read("recorder") == noted; }));
    keeper.let_go();
    EXPECT_EQ(keeper.ended(), "--init-ended web 7 exit 0\n");
}

TEST(Keeper, a_recorder_that_dies_comes_again) {
    Keeper keeper;
    keeper.begin([] {});
    for (std::size_t life = 1; life < 3; ++life) {
        ASSERT_TRUE(keeper.has_recorders(life));
        ::kill(keeper.recorders().back(), SIGKILL);
    }
    ASSERT_TRUE(keeper.has_recorders(3));
    keeper.let_go();
    EXPECT_EQ(keeper.ended(), "--init-ended web 7 exit 0\n");
}

// Three quick deaths in a row: then there is a pause of ten seconds, in which the init is still attended to.
TEST(Keeper, a_recorder_that_cannot_start_is_not_tried_in_a_loop) {
    for (const char* fault : {"exit 1", "kill -KILL $$"}) {
        Keeper keeper;
        keeper.record(fault);
        keeper.begin([] {});
        ASSERT_TRUE(keeper.has_recorders(3)) << fault;
        ::poll(nullptr, 0, 100);
        EXPECT_EQ(keeper.recorders().size(), 3U) << fault;
        keeper.let_go();
        EXPECT_EQ(keeper.ended(), "--init-ended web 7 exit 0\n");
    }
}

TEST(Keeper, a_recorder_that_is_missing_or_no_program_costs_the_server_nothing) {
    for (const bool missing : {true, false}) {
        Keeper keeper;
        ASSERT_EQ(missing ? ::unlink(keeper.dir().path("program").c_str()) : ::truncate(keeper.dir().path("program").c_str(), 0), 0);
        keeper.begin([] { ::_exit(5); });
        EXPECT_EQ(keeper.report(), kRunning);  // it may still come
        keeper.let_go();
        EXPECT_EQ(keeper.ended(), "--init-ended web 7 exit 5\n");
    }
}

TEST(Keeper, a_start_is_told_where_there_is_no_room_for_a_recorder) {
    if (::getuid() != 0) GTEST_SKIP() << "only root becomes somebody without room";
    Keeper keeper;
    ASSERT_EQ(::chmod(keeper.dir().path().c_str(), 0777), 0);
    keeper.begin([] {}, Keeper::Origin::parent, [] {
        const rlimit one{1, 1};
        if (::setrlimit(RLIMIT_NPROC, &one) < 0 || ::setresuid(54321, 54321, 54321) < 0) ::_exit(98);
    });
    EXPECT_EQ(keeper.report(), kNoRecorder);
    EXPECT_TRUE(keeper.recorders().empty());
    keeper.let_go();
    EXPECT_EQ(keeper.ended(), "--init-ended web 7 exit 0\n");
}

TEST(Keeper, a_recorder_that_runs_already_is_kept_and_replaced_when_it_ends) {
    Keeper keeper;
    Spawned running([] { ::pause(); });
    keeper.begin([] {}, Keeper::Origin::parent, [&] {
        const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, running.pid(), 0));
        place(pidfd, kRecorder);
    });
    EXPECT_EQ(keeper.report(), kRunning);
    EXPECT_TRUE(keeper.recorders().empty());
    ::kill(running.pid(), SIGKILL);
    EXPECT_TRUE(keeper.has_recorders(1));
    keeper.let_go();
    EXPECT_EQ(keeper.ended(), "--init-ended web 7 exit 0\n");
}

TEST(Keeper, a_start_that_has_ended_before_it_was_told_changes_nothing) {
    Keeper keeper;
    keeper.nobody_waits();
    keeper.begin([] {});
    ASSERT_TRUE(keeper.has_recorders(1));
    keeper.let_go();
    EXPECT_EQ(keeper.ended(), "--init-ended web 7 exit 0\n");
}

// What the guest's user could put in the way is nothing: the directory is root's. A full or read-only /run is.
TEST(Keeper, a_pid_file_that_cannot_be_written_changes_nothing) {
    Keeper keeper;
    keeper.begin([] {}, Keeper::Origin::parent, [] {
        ::close(kRunDir);
        place(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY), kRunDir);
    });
    EXPECT_EQ(keeper.report(), kRunning);
    ASSERT_TRUE(keeper.has_recorders(1));
    keeper.let_go();
    EXPECT_EQ(keeper.ended(), "--init-ended web 7 exit 0\n");
}

// The command takes the server's lock while it still has the keeper's: nobody else adopts a server that is being torn down.
TEST(Keeper, the_command_that_it_becomes_has_its_lock_and_nothing_of_the_server) {
    Keeper keeper;
    keeper.command("exec sleep 1000");
    keeper.begin([] {});
    ASSERT_EQ(keeper.report(), kRunning);
    keeper.let_go();
    EXPECT_TRUE(has_open(keeper.pid(), "sleep\n", {0, 1, 2, kKeeperLock}));
    EXPECT_EQ(keeper.dir().read("ended"), "--init-ended web 7 exit 0\n");
}

TEST(Keeper, a_command_that_is_gone_ends_it_with_1_and_wrong_words_with_2) {
    Keeper keeper;
    ASSERT_EQ(::unlink(keeper.dir().path("vserver").c_str()), 0);
    keeper.begin([] {});
    ASSERT_EQ(keeper.report(), kRunning);
    keeper.let_go();
    EXPECT_EQ(keeper.exit_status(), 1);
    for (std::size_t words : {0U, 1U, 9U, 11U}) {
        Spawned wrong([&] { execute(VSERVER_KEEPER, std::vector<std::string>(words, "1")); });
        EXPECT_EQ(wrong.exit_status(), 2) << words;
    }
}

}  // namespace
}  // namespace vs::keeper
