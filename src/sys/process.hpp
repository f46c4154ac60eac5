#pragma once
// Processes: running programs of the host, waiting for them, and naming them by pidfd.
//
// Our programs are single-threaded; everything here assumes that (setns and unshare of a user or mount namespace do too).

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

/// How a process ended, as wait tells it.
struct ExitStatus {
    enum class Kind { exited, signaled } kind = Kind::exited;
    int value = 0;  ///< exit code or signal number
    /// As a shell shows it: the code, or 128 + signal.
    [[nodiscard]] int shell_status() const { return kind == Kind::exited ? value : 128 + value; }
    [[nodiscard]] bool success() const { return kind == Kind::exited && value == 0; }
};

using Milliseconds = std::chrono::milliseconds;

/// What wait(2) tells.
ExitStatus status_of_wait(int wait_status);

/// A pidfd for a process. ESRCH where it is gone.
Result<PidFd> open_pidfd(pid_t pid);
/// True for what asking about a process gives that is gone; anything else says nothing about the process.
bool is_gone(const Error& error);
/// True once the process behind the pidfd has ended; waits at most `limit`, without limit where it is nullopt.
Result<bool> wait_for_exit(FdRef pidfd, std::optional<Milliseconds> limit);
/// Whether it is a child of ours, living or not yet reaped.
bool is_own_child(FdRef pidfd);
/// The status of our own child; reaps it.
Result<ExitStatus> reap(FdRef pidfd);
/// The same by its pid, which is nobody else's until then.
Result<ExitStatus> reap_child(pid_t child);
/// The same of a child among hostile processes: one that traces it can keep its status from us for ever (ptrace(2)), so that this waits for
/// at most `limit` after its end. Code::timeout.
Result<ExitStatus> reap_within(FdRef pidfd, Milliseconds limit);
Result<> send_signal(FdRef pidfd, int signal);
/// From now until our end the pid is no other process's: one that is traced is not reaped by its parent (ptrace(2), PTRACE_SEIZE). It is not
/// stopped. Whether it is the right one is to be looked at afterwards.
Result<> hold_pid(pid_t pid);
/// The start time of a process in clock ticks since boot (proc(5), stat, field 22): with the pid, unique within a boot.
Result<std::uint64_t> start_time(pid_t pid);
/// The process that would reap it.
Result<pid_t> parent_of(pid_t pid);
/// True where the process handles or blocks the signal, so that it will notice it (proc(5), status, SigBlk and SigCgt).
Result<bool> listens_to(pid_t pid, int signal);

/// What a program of the host is run with. The environment is always clean: PATH, LANG=C.UTF-8 and what is added.
struct RunOptions {
    std::string input{};                     ///< its standard input
    std::vector<std::string> environment{};  ///< "KEY=value"
    std::optional<Milliseconds> limit{};     ///< killed with its process group and Code::timeout when it passes; killed with us
    std::size_t output_limit = 1 << 20;    ///< a longer output is an error
    enum class Output { capture, pass } output = Output::capture;  ///< pass: both outputs go to our standard error
};
struct RunResult {
    ExitStatus status;
    std::string out;
    std::string err;
};
/// Runs argv[0], searched in the standard PATH, and waits for it. Failing to start it is an error; its status is not.
Result<RunResult> run_program(const std::vector<std::string>& argv, const RunOptions& options);
/// The same where anything but status 0 is an error that carries the last line it wrote to standard error.
Result<std::string> run_checked(const std::vector<std::string>& argv, const RunOptions& options);

/// Replaces this process. Returns only on failure. Allocates: not for use between clone and exec.
Error exec_program(FdRef program, const std::vector<std::string>& argv, const std::vector<std::string>& environment);
/// The same by the path in argv[0]: a program that is executed by descriptor has a number for its name in ps until Linux 6.14.
Error exec_program(const std::vector<std::string>& argv, const std::vector<std::string>& environment);

/// Replaces this process by a command of its user: found in PATH, with our environment. Returns only on failure; the errno is
/// ENOENT where it was not found.
Error become_command(const std::vector<std::string>& argv);

/// The processors that we may run on, and running on one of them only.
Result<std::vector<int>> allowed_processors();
Result<> run_only_on(int processor);

/// A new session, out of the reach of our terminal's signals.
void start_session();
void set_umask(unsigned mask);
/// The path of the file that a process executes, also where another file has taken its place since, as in an upgrade.
Result<std::string> program_of(pid_t pid);
/// That of this process.
Result<std::string> own_program();
/// Our command line, as /proc/PID/cmdline shows it.
Result<std::span<char>> own_arguments();
/// A variable of our environment; empty where it is not set.
std::string environment_variable(const char* name);
pid_t own_pid();
/// Our effective user and group.
std::pair<std::uint32_t, std::uint32_t> own_ids();
/// By name; empty where it has none.
std::string current_directory();
bool is_superuser();
/// By the real uid: whoever called us, whatever our file gives.
bool is_real_superuser();
/// A descriptor of another process (pidfd_getfd(2)).
Result<Fd> take_descriptor(FdRef pidfd, int number);

/// Polls for readability of any; the index of one that is ready, nullopt after `limit`.
Result<std::optional<std::size_t>> wait_readable(const std::vector<FdRef>& fds, std::optional<Milliseconds> limit);

}  // namespace vs::sys
