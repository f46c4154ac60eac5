// at-call: runs a command and does something to it when one of its processes makes its Nth system call.
//
//     at-call [--list FILE] [--at ROLE:N ACTION] [--unfailing CALL]... [--let-go PROGRAM[:CALL]]... [--within SECONDS] [--of PID] -- COMMAND...
//
// A process has a role by its birth, whatever its pid and whenever it runs: 0 is the command, 0.2 its second child. The calls
// of each role are counted by themselves, so that ROLE:N is the same call in every run. Calls that touch nothing but the
// process's own memory are left out. ACTION is
//
//     kill        the process that makes the call gets SIGKILL, and does not make it
//     kill-main   the command gets SIGKILL and is gone, then the call is made
//     ENOMEM ...  the call is not made and fails with this error
//
// --list      writes a line "ROLE N CALL PROGRAM" for each call, and "crash ROLE SIGNAL PROGRAM" for each process that ends so
// --unfailing the kernel has no failure of this call: where it is the one that should fail, the point was never reached
// --let-go    a process that executes PROGRAM is left alone from there on, or from its first CALL on (several: whichever comes first); but for 0
// --within    after so long everything that is traced is killed, and the status is 124
// --of        not the command is traced, but the process PID: it is 0. The command is what makes it go on.
//
// Ends when the command has ended, and until the action is done also every process that is not let go. The status is the
// command's as a shell tells it; 125 is a failure of ours, 126 a point that was never reached.

#include <fcntl.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "context/guest_calls.hpp"

namespace {

using vs::base::parse_number;
using Words = std::vector<std::string>;

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "at-call: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(125);
}

constexpr auto kOwnMemory = std::to_array<std::string_view>(
    {"brk", "mmap", "munmap", "mprotect", "mremap", "madvise", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "arch_prctl",
     "set_tid_address", "set_robust_list", "rseq", "getrandom", "getpid", "gettid", "getuid", "geteuid", "getgid", "getegid",
     "sched_getaffinity", "clock_gettime", "futex", "restart_syscall"});

std::string call_name(std::uint64_t number) {
    for (const auto& call : vs::context::allowed_calls())
        if (call.number == number) return std::string(call.name);
    for (const auto& call : vs::context::refused_calls())
        if (call.number == number) return std::string(call.name);
    return std::to_string(number);
}

struct Action {
    enum class Kind { none, kill, kill_main, fail } kind = Kind::none;
    int errno_value = 0;
};

struct Request {
    std::string list, role, action;
    std::uint64_t number = 0;
    std::set<std::string> unfailing;
    std::map<std::string, std::set<std::string>> let_go;  ///< program to calls; "" is the execution itself
    unsigned within = 60;
    pid_t of = 0;
    Words command;
};

Action parse_action(const std::string& word) {
    if (word.empty()) return {};
    if (word == "kill") return {Action::Kind::kill, 0};
    if (word == "kill-main") return {Action::Kind::kill_main, 0};
    for (int number = 1; number < 134; ++number)
        if (const char* name = ::strerrorname_np(number); name != nullptr && word == name) return {Action::Kind::fail, number};
    errno = EINVAL;
    die("action " + word);
}

struct Process {
    std::string role, program;
    std::uint64_t calls = 0;
    unsigned children = 0;
    bool fails_now = false;
};

/// A filter looks at the call that is made in place of the one that fails, and kills for none.
bool is_filtered(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("Seccomp:")) return line.back() != '0';
    return false;
}

/// The traced processes, and what is to happen to them.
class Tracer {
  public:
    explicit Tracer(const Request& request) : request_(request), action_(parse_action(request.action)) {
        if (request.list.empty()) return;
        list_ = std::fopen(request.list.c_str(), "we");
        if (list_ == nullptr) die("open " + request.list);
    }

    int run() {
        if (request_.of != 0) {
            adopt(request_.of);
            main_ = start_command();
        } else {
            main_ = start_traced_command();
        }
        while (!finished()) step();
        if (list_ != nullptr && std::fclose(list_) != 0) die("write " + request_.list);
        if (action_.kind != Action::Kind::none && !done_) return 126;
        return WIFSIGNALED(*status_) ? 128 + WTERMSIG(*status_) : WEXITSTATUS(*status_);
    }

    void kill_everything() const {
        for (const auto& [pid, process] : processes_) ::kill(pid, SIGKILL);
        if (main_ != 0) ::kill(main_, SIGKILL);
    }

  private:
    [[nodiscard]] bool finished() const { return status_ && (done_ || processes_.empty()); }

    pid_t start_command() {
        pid_t pid = ::fork();
        if (pid < 0) die("fork");
        if (pid == 0) execute();
        return pid;
    }

    [[noreturn]] void execute() {
        std::vector<char*> argv;
        for (const auto& word : request_.command) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        ::execvp(argv[0], argv.data());
        die("execute " + request_.command[0]);
    }

    /// The child waits until it is traced.
    pid_t start_traced_command() {
        int gate[2];
        if (::pipe2(gate, O_CLOEXEC) < 0) die("pipe");
        pid_t pid = ::fork();
        if (pid < 0) die("fork");
        if (pid == 0) {
            char byte = 0;
            ::close(gate[1]);
            (void)!::read(gate[0], &byte, 1);
            execute();
        }
        ::close(gate[0]);
        adopt(pid);
        ::close(gate[1]);
        return pid;
    }

    void adopt(pid_t pid) {
        constexpr long kOptions = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
        if (::ptrace(PTRACE_SEIZE, pid, nullptr, kOptions) < 0 || ::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) < 0) die("trace");
        processes_[pid].role = "0";
        counting_ = request_.of != 0;  // else from the command's own beginning
    }

    void step() {
        int status = 0;
        pid_t pid = ::waitpid(-1, &status, __WALL);
        if (pid < 0 && errno == EINTR) return;
        if (pid < 0) die("wait");
        if (WIFSTOPPED(status)) stopped(pid, status);
        else ended(pid, status);
    }

    void ended(pid_t pid, int status) {
        if (pid == main_) status_ = status;
        early_.erase(pid);
        auto process = processes_.extract(pid);
        if (process.empty() || !WIFSIGNALED(status)) return;
        constexpr std::array kCrashes{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS, SIGPIPE};
        if (list_ == nullptr || std::ranges::find(kCrashes, WTERMSIG(status)) == kCrashes.end()) return;
        std::fprintf(list_, "crash %s %s %s\n", process.mapped().role.c_str(), ::sigabbrev_np(WTERMSIG(status)), process.mapped().program.c_str());
    }

    void stopped(pid_t pid, int status) {
        auto found = processes_.find(pid);
        if (found == processes_.end()) {  // its parent has not told of it yet
            early_.insert(pid);
            return;
        }
        int signal = WSTOPSIG(status);
        switch (status >> 16) {
            case PTRACE_EVENT_FORK:
            case PTRACE_EVENT_VFORK:
            case PTRACE_EVENT_CLONE: born(pid, found->second); break;
            case PTRACE_EVENT_EXEC: executed(pid, found->second); break;
            case PTRACE_EVENT_STOP: go_on(pid, 0); break;
            default:
                if (signal == (SIGTRAP | 0x80)) called(pid, found->second);
                else go_on(pid, signal);
        }
    }

    /// It may have ended meanwhile, which the next wait tells.
    void go_on(pid_t pid, int signal) { ::ptrace(done_ ? PTRACE_CONT : PTRACE_SYSCALL, pid, nullptr, signal); }

    void let_go(pid_t pid) {
        ::ptrace(PTRACE_DETACH, pid, nullptr, nullptr);
        processes_.erase(pid);
    }

    void born(pid_t parent, Process& process) {
        unsigned long message = 0;
        if (::ptrace(PTRACE_GETEVENTMSG, parent, nullptr, &message) < 0) return go_on(parent, 0);
        auto pid = static_cast<pid_t>(message);
        processes_[pid].role = process.role + "." + std::to_string(++process.children);
        processes_[pid].program = process.program;
        go_on(parent, 0);
        if (early_.erase(pid) > 0) go_on(pid, 0);
    }

    void executed(pid_t pid, Process& process) {
        char path[4096];
        ssize_t length = ::readlink(("/proc/" + std::to_string(pid) + "/exe").c_str(), path, sizeof path);
        std::string_view program(path, length < 0 ? 0 : static_cast<std::size_t>(length));
        process.program = program.substr(program.rfind('/') + 1);
        if (pid == main_) counting_ = true;
        auto rule = request_.let_go.find(process.program);
        if (process.role != "0" && rule != request_.let_go.end() && rule->second.contains("")) let_go(pid);
        else go_on(pid, 0);
    }

    void called(pid_t pid, Process& process) {
        __ptrace_syscall_info info{};
        if (::ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) < 0) return;  // killed
        if (info.op == PTRACE_SYSCALL_INFO_EXIT && process.fails_now) fail(pid, process);
        if (info.op != PTRACE_SYSCALL_INFO_ENTRY || done_ || !counting_) return go_on(pid, 0);
        auto name = call_name(info.entry.nr);
        if (std::ranges::find(kOwnMemory, name) != kOwnMemory.end()) return go_on(pid, 0);
        auto rule = request_.let_go.find(process.program);
        if (process.role != "0" && rule != request_.let_go.end() && rule->second.contains(name)) return let_go(pid);
        ++process.calls;
        if (list_ != nullptr) std::fprintf(list_, "%s %lu %s %s\n", process.role.c_str(), process.calls, name.c_str(), process.program.c_str());
        bool here = action_.kind != Action::Kind::none && process.role == request_.role && process.calls == request_.number;
        bool possible = action_.kind != Action::Kind::fail || !request_.unfailing.contains(name);
        if (here && possible) act(pid, process);
        else go_on(pid, 0);
    }

    void act(pid_t pid, Process& process) {
        switch (action_.kind) {
            case Action::Kind::none: break;
            case Action::Kind::kill:
                done_ = true;
                ::kill(pid, SIGKILL);
                while (processes_.contains(pid)) step();  // until then it has its locks, and a repair passes over what is locked
                break;
            case Action::Kind::kill_main:
                done_ = true;
                ::kill(main_, SIGKILL);
                while (!status_) step();  // this one stays where it is
                go_on(pid, 0);
                break;
            case Action::Kind::fail:
                process.fails_now = true;
                ::ptrace(PTRACE_POKEUSER, pid, offsetof(user, regs.orig_rax), is_filtered(pid) ? long{SYS_getpid} : -1L);
                go_on(pid, 0);
        }
    }

    void fail(pid_t pid, Process& process) {
        done_ = true;
        process.fails_now = false;
        ::ptrace(PTRACE_POKEUSER, pid, offsetof(user, regs.rax), -static_cast<long>(action_.errno_value));
    }

    const Request& request_;
    Action action_;
    std::FILE* list_ = nullptr;
    std::map<pid_t, Process> processes_;
    std::set<pid_t> early_;
    pid_t main_ = 0;
    std::optional<int> status_;
    bool counting_ = false, done_ = false;
};

Request parse(const Words& words) {
    Request request;
    std::size_t i = 0;
    auto next = [&] { return i + 1 < words.size() ? words[++i] : std::string(); };
    for (; i < words.size() && words[i] != "--"; ++i) {
        if (words[i] == "--list") request.list = next();
        else if (words[i] == "--within") request.within = static_cast<unsigned>(parse_number(next()).value_or(0));
        else if (words[i] == "--of") request.of = static_cast<pid_t>(parse_number(next()).value_or(0));
        else if (words[i] == "--unfailing") request.unfailing.insert(next());
        else if (words[i] == "--let-go") {
            auto rule = next();
            auto colon = std::min(rule.find(':'), rule.size());
            request.let_go[rule.substr(0, colon)].insert(colon < rule.size() ? rule.substr(colon + 1) : "");
        } else if (words[i] == "--at") {
            auto point = next();
            auto colon = std::min(point.find(':'), point.size());
            request.role = point.substr(0, colon);
            request.number = colon < point.size() ? parse_number(point.substr(colon + 1)).value_or(0) : 0;
            request.action = next();
        }
    }
    if (i + 1 < words.size()) request.command.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
    return request;
}

Tracer* running = nullptr;

void out_of_time(int) {
    running->kill_everything();
    ::_exit(124);
}

}  // namespace

int main(int argc, char** argv) {
    auto request = parse({argv + 1, argv + argc});
    if (request.command.empty()) {
        std::fputs("usage: see tests/programs/at_call.cpp\n", stderr);
        return 125;
    }
    Tracer tracer(request);
    running = &tracer;
    ::signal(SIGALRM, out_of_time);
    ::alarm(request.within);
    return tracer.run();
}
