#include "sys/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <climits>

#include "base/text.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/proc_stat.hpp"

namespace vs::sys {

namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

int poll_limit(std::optional<Clock::time_point> deadline) {
    if (!deadline) return -1;
    auto left = std::chrono::ceil<Milliseconds>(*deadline - Clock::now()).count();
    return left <= 0 ? 0 : left > 1'000'000 ? 1'000'000 : static_cast<int>(left);
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> out;
    for (const auto& string : strings) out.push_back(const_cast<char*>(string.c_str()));
    out.push_back(nullptr);
    return out;
}

/// The three pipes of a running program, seen from our side.
struct Plumbing {
    Pipe in, out, err;
};

[[noreturn]] void exec_child(const Plumbing& pipes, const RunOptions& options, char* const* argv, char* const* environment) {
    bool pass = options.output == RunOptions::Output::pass;
    if (options.limit) {
        ::setpgid(0, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a group of its own does not get our terminal's Ctrl-C
    }
    // Without its input a program may think that it has done all there was to do.
    bool placed = ::dup2(pipes.in.read.get(), 0) >= 0 && ::dup2(pass ? 2 : pipes.out.write.get(), 1) >= 0 && (pass || ::dup2(pipes.err.write.get(), 2) >= 0);
    if (placed) ::execvpe(argv[0], argv, environment);
    ::_exit(127);
}

/// Feeds the input and collects both outputs until the program has closed them.
class Conversation {
  public:
    Conversation(Plumbing& pipes, const RunOptions& options) : pipes_(pipes), options_(options), input_(options.input) {}

    Result<RunResult> run(std::optional<Clock::time_point> deadline) {
        RunResult result;
        if (input_.empty()) pipes_.in.write.reset();
        while (pipes_.out.read.is_open() || pipes_.err.read.is_open() || pipes_.in.write.is_open()) {
            pollfd fds[] = {{pipes_.out.read.get(), POLLIN, 0}, {pipes_.err.read.get(), POLLIN, 0}, {pipes_.in.write.get(), POLLOUT, 0}};
            int count = ::poll(fds, 3, poll_limit(deadline));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return failed("poll");
            if (count == 0) return fail(Code::timeout, "it did not end in time");
            if (fds[0].revents != 0) TRY(take(pipes_.out.read, result.out));
            if (fds[1].revents != 0) TRY(take(pipes_.err.read, result.err));
            if (fds[2].revents != 0) feed();
        }
        return result;
    }

  private:
    Result<> take(Fd& from, std::string& into) {
        char chunk[16384];
        ssize_t count = ::read(from.get(), chunk, sizeof chunk);
        if (count < 0 && errno == EINTR) return {};
        if (count < 0) return failed("read what it says");  // else half an answer would be taken for all of it
        if (count == 0) from.reset();
        else into.append(chunk, static_cast<std::size_t>(count));
        if (into.size() > options_.output_limit) return fail(Code::failed, "it wrote more than {} bytes", options_.output_limit);
        return {};
    }

    void feed() {
        ssize_t count = ::write(pipes_.in.write.get(), input_.data(), input_.size());
        if (count < 0 && errno == EINTR) return;
        if (count > 0) input_.remove_prefix(static_cast<std::size_t>(count));
        if (count < 0 || input_.empty()) pipes_.in.write.reset();  // it may close its input early: not our error
    }

    Plumbing& pipes_;
    const RunOptions& options_;
    std::string_view input_;
};

Result<Plumbing> make_plumbing() {
    Plumbing pipes;
    pipes.in = TRY(make_pipe());
    pipes.out = TRY(make_pipe());
    pipes.err = TRY(make_pipe());
    if (::fcntl(pipes.in.write.get(), F_SETFL, O_NONBLOCK) < 0) return failed("make a pipe non-blocking");
    return pipes;
}

/// Writing to a program that has closed its input must be an error for us, not our death.
class IgnoreSigpipe {
  public:
    IgnoreSigpipe() : before_(::signal(SIGPIPE, SIG_IGN)) {}
    ~IgnoreSigpipe() { ::signal(SIGPIPE, before_); }
    IgnoreSigpipe(const IgnoreSigpipe&) = delete;
    IgnoreSigpipe& operator=(const IgnoreSigpipe&) = delete;

  private:
    void (*before_)(int);
};

std::string last_line(std::string_view text) {
    auto lines = base::split(base::trim(text), '\n');
    return std::string(lines.back());
}

}  // namespace

ExitStatus status_of_wait(int wait_status) {
    if (WIFEXITED(wait_status)) return {ExitStatus::Kind::exited, WEXITSTATUS(wait_status)};
    return {ExitStatus::Kind::signaled, WTERMSIG(wait_status)};
}

Result<PidFd> open_pidfd(pid_t pid) {
    long fd = ::syscall(SYS_pidfd_open, pid, 0);
    if (fd < 0) return failed("pidfd_open {}", pid);
    return PidFd(static_cast<int>(fd));
}

bool is_gone(const Error& error) { return error.errno_value == ESRCH || error.errno_value == ENOENT; }

Result<bool> wait_for_exit(FdRef pidfd, std::optional<Milliseconds> limit) {
    return TRY(wait_readable({pidfd}, limit)).has_value();
}

bool is_own_child(FdRef pidfd) {
    siginfo_t info{};
    return ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

Result<ExitStatus> reap_child(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return failed("waitpid {}", child);
    return status_of_wait(status);
}

Result<ExitStatus> reap(FdRef pidfd) {
    siginfo_t info{};
    while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED) < 0)
        if (errno != EINTR) return failed("wait for a child");
    bool exited = info.si_code == CLD_EXITED;
    return ExitStatus{exited ? ExitStatus::Kind::exited : ExitStatus::Kind::signaled, info.si_status};
}

Result<ExitStatus> reap_within(FdRef pidfd, Milliseconds limit) {
    TRY(wait_for_exit(pidfd, std::nullopt));
    for (auto deadline = Clock::now() + limit;;) {
        siginfo_t info{};
        if (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno != EINTR)
            return failed("wait for a child");
        if (info.si_pid != 0) return reap(pidfd);
        if (Clock::now() >= deadline) return fail(Code::timeout, "it has ended, but a process that traces it keeps its status");
        constexpr int kPause = 20;  // there is no event for a tracer that lets go
        (void)::poll(nullptr, 0, kPause);
    }
}

Result<> send_signal(FdRef pidfd, int signal) {
    if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) < 0) return failed("send signal {}", signal);
    return {};
}

Result<std::uint64_t> start_time(pid_t pid) { return stat_field(kHere, fmt::format("/proc/{}/stat", pid), 22); }

Result<pid_t> parent_of(pid_t pid) { return static_cast<pid_t>(TRY(stat_field(kHere, fmt::format("/proc/{}/stat", pid), 4))); }

Result<bool> listens_to(pid_t pid, int signal) {
    auto text = TRY(read_file(kHere, fmt::format("/proc/{}/status", pid)));
    for (auto line : base::split(text, '\n')) {
        if (!line.starts_with("SigBlk:") && !line.starts_with("SigCgt:")) continue;
        auto digits = base::trim(line.substr(7));
        std::uint64_t set = 0;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), set, 16);
        if (error != std::errc{}) return fail(Code::failed, "/proc/{}/status is malformed", pid);
        if ((set >> (signal - 1) & 1U) != 0) return true;
    }
    return false;
}

Result<RunResult> run_program(const std::vector<std::string>& argv, const RunOptions& options) {
    IgnoreSigpipe no_sigpipe;
    Plumbing pipes = TRY(make_plumbing());
    std::vector<std::string> environment = options.environment;
    environment.push_back(std::string("PATH=") + kPath);
    environment.push_back("LANG=C.UTF-8");
    auto arguments = pointers(argv);
    auto variables = pointers(environment);
    pid_t pid = ::fork();
    if (pid < 0) return failed("fork");
    if (pid == 0) {
        ::signal(SIGPIPE, SIG_DFL);
        exec_child(pipes, options, arguments.data(), variables.data());
    }
    PidFd child = TRY(open_pidfd(pid));
    pipes.in.read.reset(), pipes.out.write.reset(), pipes.err.write.reset();
    std::optional<Clock::time_point> deadline;
    if (options.limit) deadline = Clock::now() + *options.limit;
    auto result = Conversation(pipes, options).run(deadline);
    bool ended = result && TRY(wait_for_exit(child, options.limit ? std::optional(Milliseconds(poll_limit(deadline))) : std::nullopt));
    if (!ended && options.limit) (void)::kill(-pid, SIGKILL);  // the group it leads; not reaped yet, so the number is still its own
    if (!ended) (void)send_signal(child, SIGKILL);             // it may just have ended
    auto status = TRY(reap(child));
    if (!result) return std::unexpected<Error>(base::with_context(result.error(), fmt::format("run '{}'", argv[0])));
    if (!ended) return fail(Code::timeout, "run '{}': it did not end in time", argv[0]);
    if (status.kind == ExitStatus::Kind::exited && status.value == 127 && result->err.empty())
        return fail(Code::unsupported, "cannot run '{}': is it installed?", argv[0]);
    result->status = status;
    return result;
}

Result<std::string> run_checked(const std::vector<std::string>& argv, const RunOptions& options) {
    auto result = TRY(run_program(argv, options));
    if (!result.status.success()) {
        auto said = last_line(result.err);
        return fail(Code::failed, "'{}' ended with status {}{}{}", argv[0], result.status.shell_status(), said.empty() ? "" : ": ", said);
    }
    return std::move(result.out);
}

Error exec_program(FdRef program, const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
    auto arguments = pointers(argv);
    auto variables = pointers(environment);
    ::execveat(program.get(), "", arguments.data(), variables.data(), AT_EMPTY_PATH);
    return last_error(fmt::format("execute '{}'", argv[0]));
}

Error exec_program(const std::vector<std::string>& argv, const std::vector<std::string>& environment) {
    auto arguments = pointers(argv);
    auto variables = pointers(environment);
    ::execve(argv[0].c_str(), arguments.data(), variables.data());
    return last_error(fmt::format("execute '{}'", argv[0]));
}

Error become_command(const std::vector<std::string>& argv) {
    auto arguments = pointers(argv);
    ::execvp(argv[0].c_str(), arguments.data());
    return last_error(fmt::format("run '{}'", argv[0]));
}

Result<std::vector<int>> allowed_processors() {
    cpu_set_t set;
    if (::sched_getaffinity(0, sizeof set, &set) < 0) return failed("sched_getaffinity");
    std::vector<int> processors;
    for (int processor = 0; processor < CPU_SETSIZE; ++processor)
        if (CPU_ISSET(processor, &set)) processors.push_back(processor);
    return processors;
}

Result<> run_only_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    if (::sched_setaffinity(0, sizeof set, &set) < 0) return failed("sched_setaffinity to processor {}", processor);
    return {};
}

void start_session() { (void)::setsid(); }  // fails only for a group leader, who has what is wanted

void set_umask(unsigned mask) { ::umask(mask); }

Result<std::string> program_of(pid_t pid) {
    constexpr std::string_view kReplaced = " (deleted)";  // d_path() in fs/d_path.c
    auto path = TRY(read_link(kHere, fmt::format("/proc/{}/exe", pid)));
    if (path.ends_with(kReplaced)) path.resize(path.size() - kReplaced.size());
    return path;
}

Result<std::string> own_program() { return program_of(::getpid()); }

Result<std::span<char>> own_arguments() {
    auto text = TRY(read_file(kHere, "/proc/self/cmdline"));
    return std::span(::program_invocation_name, text.size());  // the words stand one behind the other, as the kernel laid them
}

std::string environment_variable(const char* name) {
    const char* value = ::secure_getenv(name);
    return value != nullptr ? value : "";
}

pid_t own_pid() { return ::getpid(); }

std::pair<std::uint32_t, std::uint32_t> own_ids() { return {::geteuid(), ::getegid()}; }

std::string current_directory() {
    char path[PATH_MAX];
    return ::getcwd(path, sizeof path) != nullptr && path[0] == '/' ? path : "";
}

bool is_superuser() { return ::geteuid() == 0; }
bool is_real_superuser() { return ::getuid() == 0; }

Result<> hold_pid(pid_t pid) {
    if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) < 0) return failed("hold process {}: is it traced?", pid);
    return {};
}

Result<Fd> take_descriptor(FdRef pidfd, int number) {
    long fd = ::syscall(SYS_pidfd_getfd, pidfd.get(), number, 0);
    if (fd < 0) return failed("take descriptor {} of a process", number);
    return Fd(static_cast<int>(fd));
}

Result<std::optional<std::size_t>> wait_readable(const std::vector<FdRef>& fds, std::optional<Milliseconds> limit) {
    std::vector<pollfd> polls;
    for (auto fd : fds) polls.push_back({fd.get(), POLLIN, 0});
    std::optional<Clock::time_point> deadline;
    if (limit) deadline = Clock::now() + *limit;
    for (;;) {
        int count = ::poll(polls.data(), polls.size(), poll_limit(deadline));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("poll");
        for (std::size_t i = 0; i < polls.size(); ++i)
            if (polls[i].revents != 0) return std::optional(i);
        if (deadline && Clock::now() >= *deadline) return std::optional<std::size_t>();
    }
}

}  // namespace vs::sys
