#include "server/enter.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <functional>

#include "context/guest_profile.hpp"
#include "server/entry.hpp"
#include "server/life.hpp"
#include "server/network_view.hpp"
#include "server/prepare.hpp"
#include "server/start.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/raw.hpp"
#include "sys/terminal.hpp"

namespace vs::server {

namespace {

using sys::FdRef;

// Until its exec a process that goes in is in the hands of the server's root, who may stop it for ever.
constexpr std::chrono::seconds kEntryPatience{15}, kReapPatience{5};
constexpr std::uint64_t kAlways = CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;

/// The three standard descriptors of a process inside. What it could do more with than read or write a stream does not go in, a
/// pipe does: it would type into a terminal, truncate and rewrite a log that was opened for appending, connect a socket anew.
struct Standard {
    int fds[3] = {0, 1, 2};
    std::vector<sys::Fd> theirs;            ///< pipe ends for the process, closed once it has them
    std::vector<sys::Fd> to_close, ours;    ///< write end of its input; read ends of its outputs
    std::vector<sys::Channel> channels;
};

Result<> protect(Standard& standard, int number) {
    if (sys::is_mere_stream(FdRef(number))) return {};
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
        for (int number = 0; number < 3; ++number) TRY(protect(standard, number));
    return standard;
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

Result<EntryPlan> plan_entry(const Server& server, const EnterRequest& request, const Words& words, const NetworkPlan& network) {
    EntryPlan plan;
    plan.arguments = TRY(sys::own_arguments());
    plan.namespaces = kAlways | (model::uses_host_network(server.settings.network.kind) ? 0 : CLONE_NEWNET);
    plan.scope_sockets = server.settings.network.kind == model::NetworkKind::bind;
    plan.limits = TRY(prepare_limits(server.settings));
    plan.nice = server.settings.nice;
    plan.filter = context::guest_filter({.user_namespaces = server.settings.user_namespaces, .firewall = server.settings.firewall,
                                          .network_view = network.has_own_view()});
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

Patience patience_with(const sys::SignalForwarding& signals) {
    return {.until = std::chrono::steady_clock::now() + kEntryPatience, .signals = &signals};
}

Result<int> finish(const Entry& entry, std::optional<int> not_executed) {
    if (not_executed) entry.kill();  // it has nothing more to say, and could be stopped before its end
    auto status = TRY(sys::reap_within(entry.process(), kReapPatience));
    return not_executed.value_or(status.shell_status());
}

Result<int> converse_by_terminal(const Entry& entry, const sys::SignalForwarding& signals) {
    auto patience = patience_with(signals);
    auto master = TRY(entry.terminal(patience));
    auto not_executed = TRY(entry.outcome(patience));
    if (not_executed) return finish(entry, not_executed);
    if (!master) return fail(Code::failed, "the process that was to enter ended without saying why");
    std::optional<sys::RawTerminal> raw;
    if (sys::is_terminal(FdRef(0))) raw.emplace(TRY(sys::RawTerminal::enter(FdRef(0))));
    auto to = TRY(sys::duplicate(*master));
    TRY(sys::relay({.channels = {{FdRef(0), to}, {*master, FdRef(1)}}, .process = entry.process(), .terminal = *master, .close_after_input = nullptr}, signals));
    return finish(entry, std::nullopt);
}

Result<int> converse_by_pipes(const Entry& entry, Standard& standard, const sys::SignalForwarding& signals) {
    standard.theirs.clear();
    auto not_executed = TRY(entry.outcome(patience_with(signals)));
    if (!not_executed)
        TRY(sys::relay({.channels = standard.channels, .process = entry.process(), .terminal = FdRef(-1), .close_after_input = &standard.to_close}, signals));
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
    sys::Fd view;
};
Result<Prepared> prepare(const Server& server, const EnterRequest& request, const RunState& state) {
    if (state.secluded) return fail(Code::denied, "'{}' is private: nobody enters it while it runs", server.name.text());
    Words words(request);
    auto plan = TRY(plan_entry(server, request, words, state.network));
    auto host = TRY(CgroupHost::open());
    auto groups = TRY_WITH(open_cgroups(host, server.name.text(), state.number.first_id()), "open the control groups of '{}'", server.name.text());
    auto init = TRY(sys::open_pidfd(state.init));
    if (!TRY(init_lives(host, server.name, state))) return fail(Code::not_running, "'{}' has just ended", server.name.text());
    for (const auto& tasks : groups.v1_tasks) plan.v1_tasks.push_back(tasks.get());
    plan.init = init.get();
    sys::Fd view;
    if (state.network.has_own_view()) view = TRY(connect_to_view(TRY(RunDir::open(server.name))));
    plan.view = view.get();
    return Prepared{std::move(words), std::move(plan), std::move(init), std::move(groups), std::move(view)};
}

Result<int> run_in(const Server& server, const EnterRequest& request, const RunState& state) {
    auto prepared = TRY(prepare(server, request, state));
    auto use = decide_terminal(request.terminal);
    prepared.plan.terminal = use == TerminalUse::always;
    auto standard = TRY(plan_standard(use));
    std::copy(std::begin(standard.fds), std::end(standard.fds), std::begin(prepared.plan.standard));
    auto signals = TRY(sys::SignalForwarding::begin());
    auto entry = TRY_WITH(Entry::begin(prepared.groups, prepared.plan, patience_with(signals)), "enter '{}'", server.name.text());
    auto status = use == TerminalUse::always ? converse_by_terminal(entry, signals) : converse_by_pipes(entry, standard, signals);
    if (!status) entry.kill();
    return TRY_WITH(std::move(status), "enter '{}'", server.name.text());
}

/// The last command inside tears down.
Result<> leave_maintenance(const Server& server, const RunDir& run, sys::Fd stay) {
    TRY(sys::give_up_lock(stay));  // a child of a command that failed may still have the descriptor
    stay.reset();
    auto lock = TRY(run.lock());
    TRY(settle(TRY(CgroupHost::open()), server.name, run));
    return {};
}

/// In a stopped server, which is started for it. Every command inside shares its lock file, and others see "maintenance"; where
/// the last one is killed, the next command tears it down.
Result<int> run_in_maintenance(const storage::Store& store, const Server& server, const RunDir& run, const EnterRequest& request,
                               std::optional<RunState> state, sys::Fd lock) {
    auto stay = TRY(sys::lock_file_shared(run.dir(), kMaintenanceLock));
    if (!state) state = TRY(start_for_maintenance(store, server, run));
    auto init = sys::open_pidfd(state->init);
    lock.reset();
    auto status = init ? run_in(server, request, *state) : Result<int>(std::unexpected<Error>(init.error()));
    auto left = leave_maintenance(server, run, std::move(stay));
    bool alone = !sys::is_shared(run.dir(), kMaintenanceLock).value_or(true);
    if (!left && init && alone) (void)sys::send_signal(*init, SIGKILL);  // then its keeper cleans up
    TRY(std::move(left));
    return status;
}

}  // namespace

Result<int> run_inside(const storage::Store& store, const Server& server, const EnterRequest& request) {
    auto run = TRY(RunDir::open(server.name));
    auto host = TRY(CgroupHost::open());
    auto lock = TRY(lock_server(host, server.name, run));
    auto state = TRY(settle(host, server.name, run));
    if (!state || state->purpose == Purpose::maintenance) return run_in_maintenance(store, server, run, request, std::move(state), std::move(lock));
    lock.reset();
    return run_in(server, request, *state);
}

Result<int> run_inside_quietly(const storage::Store&, const Server& server, const EnterRequest& request, std::chrono::milliseconds limit) {
    const Patience patience{.until = std::chrono::steady_clock::now() + limit, .signals = nullptr};
    auto run = TRY(RunDir::open(server.name));
    auto state = TRY(run.read());
    if (!state) return fail(Code::not_running, "'{}' is not running", server.name.text());
    auto prepared = TRY(prepare(server, request, *state));
    auto null = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDWR));
    std::fill(std::begin(prepared.plan.standard), std::end(prepared.plan.standard), null.get());
    auto entry = TRY(Entry::begin(prepared.groups, prepared.plan, patience));
    auto not_executed = entry.outcome(patience);
    if (!not_executed || !TRY(sys::wait_for_exit(entry.process(), limit))) entry.kill();
    return finish(entry, TRY(std::move(not_executed)));
}

namespace {

/// Until the command has ended. What it left behind in the background may hold the pipe open for ever.
Result<std::string> read_while_it_runs(const Entry& entry, const sys::Fd& output, const CaptureLimits& limits) {
    auto deadline = std::chrono::steady_clock::now() + limits.time;
    std::string text;
    for (bool ended = false; !ended;) {
        auto left = std::chrono::duration_cast<sys::Milliseconds>(deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return fail(Code::timeout, "it takes too long");
        auto ready = TRY(sys::wait_readable({output, entry.process()}, left));
        ended = ready == 1U;
        if (ready != 0U) continue;
        auto piece = TRY(sys::read_some(output));
        text += piece;
        if (piece.empty()) return text;
        if (text.size() > limits.output) return fail(Code::failed, "it says more than {} bytes", limits.output);
    }
    while (TRY(sys::wait_readable({output}, sys::Milliseconds(0)))) {
        auto piece = TRY(sys::read_some(output));
        text += piece;
        if (piece.empty() || text.size() > limits.output) break;
    }
    return text;
}

}  // namespace

Result<Captured> capture_inside(const Server& server, const EnterRequest& request, const CaptureLimits& limits) {
    auto run = TRY(RunDir::open(server.name));
    auto state = TRY(run.read());
    if (!state) return fail(Code::not_running, "'{}' is not running", server.name.text());
    auto prepared = TRY(prepare(server, request, *state));
    auto null = TRY(sys::open_at(sys::kHere, "/dev/null", O_RDWR));
    auto pipe = TRY(sys::make_pipe());
    std::fill(std::begin(prepared.plan.standard), std::end(prepared.plan.standard), null.get());
    prepared.plan.standard[1] = pipe.write.get();
    const Patience patience{.until = std::chrono::steady_clock::now() + limits.time, .signals = nullptr};
    auto entry = TRY(Entry::begin(prepared.groups, prepared.plan, patience));
    pipe.write.reset();
    auto not_executed = entry.outcome(patience);
    auto output = not_executed ? read_while_it_runs(entry, pipe.read, limits) : Result<std::string>(std::unexpected<Error>(not_executed.error()));
    if (!output || !TRY(sys::wait_for_exit(entry.process(), limits.time))) entry.kill();
    auto status = TRY(finish(entry, TRY(std::move(not_executed))));
    return Captured{status, TRY_WITH(std::move(output), "run '{}' in '{}'", request.command[0], server.name.text())};
}

}  // namespace vs::server
