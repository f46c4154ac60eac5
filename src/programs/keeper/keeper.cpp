// vserver-keeper: see server/keeper.hpp and keeper_protocol.hpp. Static, freestanding, no heap, single-threaded, and small: there is one for
// every running server. It blocks in poll for as long as the server runs.

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server/keeper_protocol.hpp"

namespace {

using namespace vs::keeper;

constexpr int kArguments = 11;
constexpr time_t kQuickDeath = 2;         // seconds: a recorder that lived shorter may have failed at its start
constexpr int kMostQuickDeaths = 3;       // in a row, before it gets a pause
constexpr int kRecorderPause = 10'000;    // milliseconds

struct Arguments {
    char* name;
    char* generation;
    bool is_parent;
    char* vserver;
    char* recorder;
    char* recorder_uid;
    char* segment_bytes;
    char* segments;
    char* records_rate;
    char* bytes_rate;
};

int pidfd_open(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

time_t now() {
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

/// For the command that adopts this server when we are gone.
void write_recorder_pid(pid_t pid) {
    char text[16];
    int length = snprintf(text, sizeof text, "%d\n", static_cast<int>(pid));
    int fd = openat(kRunDir, "recorder", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) return;
    (void)!write(fd, text, static_cast<size_t>(length));
    close(fd);
}

/// A recorder as our child, or -1.
int start_recorder(const Arguments& arguments) {
    pid_t pid = fork();
    if (pid == 0) {
        syscall(SYS_close_range, kFirstOwn, ~0U, 0);
        char* argv[] = {arguments.recorder, arguments.name, arguments.recorder_uid, arguments.segment_bytes, arguments.segments,
                        arguments.records_rate, arguments.bytes_rate, nullptr};
        char* environment[] = {nullptr};
        execve(arguments.recorder, argv, environment);
        _exit(127);
    }
    if (pid < 0) return -1;
    write_recorder_pid(pid);
    return pidfd_open(pid);
}

/// Keeps a recorder running beside the init, without ever looping fast over one that cannot start.
class Recorder {
  public:
    explicit Recorder(const Arguments& arguments) : arguments_(arguments) {
        bool runs_already = fcntl(kRecorder, F_GETFD) >= 0;
        pidfd_ = runs_already ? int{kRecorder} : start();
    }
    [[nodiscard]] int pidfd() const { return pidfd_; }
    /// How long poll may wait: until the next try where there is no recorder.
    [[nodiscard]] int patience() const { return pidfd_ < 0 ? kRecorderPause : -1; }

    void ended() {
        siginfo_t ignored;
        waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_), &ignored, WEXITED);  // ECHILD where another's child
        close(pidfd_);
        pidfd_ = -1;
        quick_deaths_ = now() - started_ > kQuickDeath ? 0 : quick_deaths_ + 1;
        if (quick_deaths_ < kMostQuickDeaths) retry();
    }
    void retry() { pidfd_ = start(); }

  private:
    int start() {
        started_ = now();
        return start_recorder(arguments_);
    }

    const Arguments& arguments_;
    int pidfd_ = -1;
    time_t started_ = 0;
    int quick_deaths_ = 0;
};

/// To the start that waits, which gives up a server whose log nobody would write. A keeper that adopts a server has none: it tries again.
void report(const Recorder& recorder) {
    const char* word = recorder.pidfd() < 0 ? kNoRecorder : kRunning;
    (void)!write(kReport, word, strlen(word));
    close(kReport);
    syscall(SYS_close_range, kLeftBehind, kLast, 0);
}

void wait_for_init(const Arguments& arguments) {
    Recorder recorder(arguments);
    report(recorder);
    for (;;) {
        pollfd fds[] = {{kInit, POLLIN, 0}, {recorder.pidfd(), POLLIN, 0}};
        int count = poll(fds, 2, recorder.patience());
        if (fds[0].revents != 0) return;
        if (count == 0) recorder.retry();
        else if (count > 0) recorder.ended();
    }
}

// Linux 6.15 keeps the exit status behind the pidfd of a process that is not our child (include/uapi/linux/pidfd.h).
struct PidfdInfo {
    uint64_t mask;
    uint64_t cgroup_id;
    uint32_t pid, tgid, ppid, ids[8];
    int32_t exit_code;
    uint32_t coredump[2];
};
static_assert(sizeof(PidfdInfo) == 72);
constexpr uint64_t kInfoExit = 1ULL << 3;

/// The wait status of the init; false where nobody can know it.
bool wait_status(bool is_parent, int& status) {
    if (is_parent) {
        siginfo_t info{};
        if (waitid(static_cast<idtype_t>(P_PIDFD), kInit, &info, WEXITED) < 0) return false;
        status = info.si_code == CLD_EXITED ? info.si_status << 8 : info.si_status;
        return true;
    }
    PidfdInfo info{};
    info.mask = kInfoExit;
    if (syscall(SYS_ioctl, int{kInit}, _IOWR(0xFF, 11, PidfdInfo), &info) < 0 || (info.mask & kInfoExit) == 0) return false;
    status = info.exit_code;
    return true;
}

/// reboot(2) in a PID namespace ends its init as if by SIGHUP (restart) or SIGINT (halt, power off).
void describe_end(bool is_parent, char* text, size_t size) {
    int status = 0;
    if (!wait_status(is_parent, status)) snprintf(text, size, "%s", kUnknown);
    else if (WIFEXITED(status)) snprintf(text, size, "exit %d", WEXITSTATUS(status));
    else if (WTERMSIG(status) == SIGHUP) snprintf(text, size, "%s", kReboot);
    else if (WTERMSIG(status) == SIGINT) snprintf(text, size, "%s", kHalt);
    else snprintf(text, size, "signal %d", WTERMSIG(status));
}

}  // namespace

int main(int argc, char** argv, char** environment) {
    if (argc != kArguments) return 2;
    Arguments arguments{argv[1], argv[2], strcmp(argv[3], "parent") == 0, argv[4], argv[5], argv[6], argv[7], argv[8], argv[9], argv[10]};
    // But for our lock, which the command that we become needs until it holds the server's (server/stop.cpp).
    syscall(SYS_close_range, kKeeperLock + 1, kLast, CLOSE_RANGE_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    wait_for_init(arguments);
    char how[24];
    describe_end(arguments.is_parent, how, sizeof how);
    syscall(SYS_close_range, static_cast<unsigned>(kConsole), static_cast<unsigned>(kFirstOwn - 1), CLOSE_RANGE_CLOEXEC);
    char option[] = "--init-ended";
    char* command[] = {arguments.vserver, option, arguments.name, arguments.generation, how, nullptr};
    execve(arguments.vserver, command, environment);
    return 1;
}
