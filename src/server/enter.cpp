#include "server/enter.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "context/guest_profile.hpp"
#include "server/entry_child.hpp"
#include "server/life.hpp"
#include "server/prepare.hpp"
#include "server/start.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/raw.hpp"
#include "sys/relay.hpp"
#include "sys/terminal.hpp"

namespace vs::server {

namespace {

using sys::FdRef;

constexpr int kCannotRun = 126, kNotFound = 127;
constexpr std::uint64_t kAlways = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

/// The three standard descriptors of a process inside. One of ours that is a terminal of the host never goes in: a pipe does.
struct Standard {
    int fds[3] = {0, 1, 2};
    std::vector<sys::Fd> theirs;            ///< pipe ends for the process, closed once it has them
    std::vector<sys::Fd> to_close, ours;    ///< write end of its input; read ends of its outputs
    std::vector<sys::Channel> channels;
};

Result<> protect_terminal(Standard& standard, int number) {
    if (!sys::is_terminal(FdRef(number))) return {};
    auto pipe = TRY(sys::make_pipe());
    bool input = number == 0;
    standard.fds[number] = input ? pipe.read.get() : pipe.write.get();
    if (input) standard.channels.push_back({FdRef(0), pipe.write});
    else standard.channels.push_back({pipe.read, FdRef(number)});
    standard.theirs.push_back(std::move(input ? pipe.read : pipe.write));
    (input ? standard.to_close : standard.ours).push_back(std::move(input ? pipe.write : pipe.read));
    return {};
}

Result<Standard> plan_standard(TerminalUse use) {
    Standard standard;
    if (use == TerminalUse::never)
        for (int number = 0; number < 3; ++number) TRY(protect_terminal(standard, number));
    return standard;
}

/// A process that is going in.
struct Entry {
    sys::Child child;
    sys::SocketFd socket;
};

/// Clones straight into the server's PID namespace and group, and comes back to our own PID namespace.
Result<Entry> clone_into(const sys::PidFd& init, const CgroupEntry& groups, const EntryPlan& plan) {
    auto own = TRY(sys::open_at(sys::kHere, "/proc/self/ns/pid", O_RDONLY));
    auto sockets = TRY(sys::make_socket_pair());
    TRY(sys::forbid_dump());
    TRY(sys::join(init, CLONE_NEWPID));
    auto child = sys::clone_process({.flags = 0, .cgroup = &groups.group});
    if (child && child->pid == 0) {
        sockets.ours.reset();
        run_entry_child(plan, sockets.theirs.get());
    }
    TRY(sys::join(own, CLONE_NEWPID));
    return Entry{TRY(std::move(child)), std::move(sockets.ours)};
}

/// The environment and arguments of a process inside, and the pointers to them.
struct Words {
    std::vector<std::string> environment, argv;

    explicit Words(const EnterRequest& request) : environment(request.environment), argv(request.command) {
        environment.push_back("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        environment.push_back("container=vserver");
        auto term = sys::environment_variable("TERM");
        environment.push_back("TERM=" + (term.empty() ? std::string("linux") : term));
    }
    static std::vector<char*> pointers(const std::vector<std::string>& words) {
        std::vector<char*> out;
        for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));
        return out;
    }
};

Result<EntryPlan> plan_entry(const Server& server, const EnterRequest& request, const Words& words) {
    EntryPlan plan;
    plan.namespaces = kAlways | (server.settings.network.kind == model::NetworkKind::host ? 0 : CLONE_NEWNET);
    plan.limits = TRY(prepare_limits(server.settings));
    plan.nice = server.settings.nice;
    plan.filter = context::guest_filter({.user_namespaces = server.settings.user_namespaces, .firewall = server.settings.firewall});
    plan.ceiling = {.capabilities = server.settings.capabilities, .new_privileges = context::NewPrivileges::allowed, .securebits = {}};
    plan.user = request.user;
    plan.directory = request.directory;
    plan.argv = Words::pointers(words.argv);
    plan.argv.push_back(nullptr);
    plan.environment = Words::pointers(words.environment);
    constexpr std::size_t kMostVariables = 240;
    if (words.environment.size() > kMostVariables) return fail(Code::usage, "more than {} environment variables", kMostVariables);
    return plan;
}

/// What became of the exec: nothing came where it happened.
Result<std::optional<int>> read_outcome(const sys::SocketFd& socket, const EnterRequest& request) {
    auto record = TRY(sys::receive_message(socket));
    if (record.empty()) return std::nullopt;
    EntryFailure failure;
    if (record.size() != sizeof failure) return fail(Code::failed, "the process that was to enter ended without saying why");
    std::copy_n(record.data(), sizeof failure, reinterpret_cast<char*>(&failure));
    if (failure.step == EntryStep::exec_command) return std::optional(failure.errno_value == ENOENT ? kNotFound : kCannotRun);
    if (failure.step == EntryStep::find_user) return fail(Code::usage, "the server has no user '{}'", request.user);
    if (failure.step == EntryStep::lower_ceiling) return std::unexpected<Error>(context::ceiling_error(failure.ceiling));
    return std::unexpected<Error>(sys::error_from(failure.errno_value, std::string(entry_step_text(failure.step))));
}

/// A hostile process of the server cannot be in our place, but what we proxy is checked all the same.
Result<sys::Fd> receive_terminal(const sys::SocketFd& socket) {
    auto master = TRY(sys::receive_fd(socket));
    if (!sys::is_pty_master(master)) return fail(Code::failed, "what came out of the server is not a terminal");
    return master;
}

Result<int> finish(const Entry& entry, std::optional<int> not_executed) {
    auto status = TRY(sys::reap(entry.child.pidfd));
    return not_executed.value_or(status.shell_status());
}

Result<int> converse_by_terminal(const Entry& entry, const EnterRequest& request, const sys::SignalForwarding& signals) {
    // A failure on the way to its terminal is a longer message than the one that carries it.
    bool has_terminal = TRY(sys::next_message_size(entry.socket)) == 1;
    auto master = has_terminal ? TRY(receive_terminal(entry.socket)) : sys::Fd();
    auto not_executed = TRY(read_outcome(entry.socket, request));
    if (not_executed) return finish(entry, not_executed);
    if (!has_terminal) return fail(Code::failed, "the process that was to enter ended without saying why");
    std::optional<sys::RawTerminal> raw;
    if (sys::is_terminal(FdRef(0))) raw.emplace(TRY(sys::RawTerminal::enter(FdRef(0))));
    auto to = TRY(sys::duplicate(master));
    TRY(sys::relay({.channels = {{FdRef(0), to}, {master, FdRef(1)}}, .process = entry.child.pidfd, .terminal = master, .close_after_input = nullptr}, signals));
    return finish(entry, std::nullopt);
}

Result<int> converse_by_pipes(const Entry& entry, const EnterRequest& request, Standard& standard, const sys::SignalForwarding& signals) {
    standard.theirs.clear();
    auto not_executed = TRY(read_outcome(entry.socket, request));
    if (!not_executed)
        TRY(sys::relay({.channels = standard.channels, .process = entry.child.pidfd, .terminal = FdRef(-1), .close_after_input = &standard.to_close}, signals));
    return finish(entry, not_executed);
}

TerminalUse decide_terminal(TerminalUse use) {
    if (use != TerminalUse::automatic) return use;
    return sys::is_terminal(FdRef(0)) && sys::is_terminal(FdRef(1)) ? TerminalUse::always : TerminalUse::never;
}

/// What both ways of running something inside have to prepare.
struct Prepared {
    Words words;
    EntryPlan plan;
    sys::PidFd init;
    CgroupEntry groups;
};
Result<Prepared> prepare(const Server& server, const EnterRequest& request, const RunState& state) {
    Words words(request);
    auto plan = TRY(plan_entry(server, request, words));
    auto host = TRY(CgroupHost::open());
    auto groups = TRY_WITH(open_cgroups(host, server.name.text(), state.number.first_id()), "open the control groups of '{}'", server.name.text());
    auto init = TRY(sys::open_pidfd(state.init));
    if (!TRY(init_lives(host, server.name, state))) return fail(Code::not_running, "'{}' has just ended", server.name.text());
    for (const auto& tasks : groups.v1_tasks) plan.v1_tasks.push_back(tasks.get());
    plan.init = init.get();
    return Prepared{std::move(words), std::move(plan), std::move(init), std::move(groups)};
}

Result<int> run_in(const Server& server, const EnterRequest& request, const RunState& state) {
    auto prepared = TRY(prepare(server, request, state));
    auto use = decide_terminal(request.terminal);
    prepared.plan.terminal = use == TerminalUse::always;
    auto standard = TRY(plan_standard(use));
    std::copy(std::begin(standard.fds), std::end(standard.fds), std::begin(prepared.plan.standard));
    auto signals = TRY(sys::SignalForwarding::begin());
    auto entry = TRY_WITH(clone_into(prepared.init, prepared.groups, prepared.plan), "enter '{}'", server.name.text());
    auto status = use == TerminalUse::always ? converse_by_terminal(entry, request, signals) : converse_by_pipes(entry, request, standard, signals);
    if (!status) (void)sys::send_signal(entry.child.pidfd, SIGKILL);
    return TRY_WITH(std::move(status), "enter '{}'", server.name.text());
}

Result<> end_maintenance(const Server& server, const RunDir& run, const RunState& state) {
    auto lock = TRY(run.lock());
    auto host = TRY(CgroupHost::open());
    auto now = TRY(run.read());
    if (!now || now->generation != state.generation) return {};
    return tear_down(host, server.name, run, state);
}

/// Runs `work` in a stopped server that is started for it. Others see "maintenance" as long as we hold its lock file; if we are
/// killed, the next command tears it down.
Result<int> run_in_stopped(const storage::Store& store, const Server& server, const RunDir& run, const EnterRequest& request, sys::Fd lock) {
    auto ours = TRY(sys::lock_file(run.dir(), "maintenance.lock", sys::LockWait::fail_if_held));
    auto state = TRY(start_for_maintenance(store, server, run));
    auto init = sys::open_pidfd(state.init);
    lock.reset();
    auto status = init ? run_in(server, request, state) : Result<int>(std::unexpected<Error>(init.error()));
    auto ended = end_maintenance(server, run, state);
    if (!ended && init) (void)sys::send_signal(*init, SIGKILL);  // then its keeper cleans up
    TRY(std::move(ended));
    return status;
}

}  // namespace

Result<int> run_inside(const storage::Store& store, const Server& server, const EnterRequest& request) {
    auto run = TRY(RunDir::open(server.name));
    auto host = TRY(CgroupHost::open());
    auto lock = TRY(lock_server(host, server.name, run));
    auto state = TRY(settle(host, server.name, run));
    if (!state) return run_in_stopped(store, server, run, request, std::move(lock));
    lock.reset();
    return run_in(server, request, *state);
}

Result<int> run_inside_quietly(const storage::Store&, const Server& server, const EnterRequest& request, std::chrono::milliseconds limit) {
    auto run = TRY(RunDir::open(server.name));
    auto state = TRY(run.read());
    if (!state) return fail(Code::not_running, "'{}' is not running", server.name.text());
    auto prepared = TRY(prepare(server, request, *state));
    auto null = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDWR));
    std::fill(std::begin(prepared.plan.standard), std::end(prepared.plan.standard), null.get());
    auto entry = TRY(clone_into(prepared.init, prepared.groups, prepared.plan));
    auto not_executed = TRY(read_outcome(entry.socket, request));
    if (!TRY(sys::wait_for_exit(entry.child.pidfd, limit))) TRY(sys::send_signal(entry.child.pidfd, SIGKILL));
    return finish(entry, not_executed);
}

}  // namespace vs::server
