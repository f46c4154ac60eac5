#include "server/stop.hpp"

#include <signal.h>

#include <algorithm>

#include "base/text.hpp"
#include "server/keeper_protocol.hpp"
#include "server/enter.hpp"
#include "server/hooks.hpp"
#include "server/restart.hpp"
#include "server/start.hpp"
#include "storage/record.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

using Clock = std::chrono::steady_clock;
using sys::Milliseconds;

// systemd(1), SIGRTMIN+4: power off. The C library's SIGRTMIN is the kernel's 32 plus the two it keeps for itself.
const int kSystemdPowerOff = SIGRTMIN + 4;
constexpr Milliseconds kTermPatience{5'000};
constexpr Milliseconds kAskPatience{15'000};
constexpr Milliseconds kAskAgain{500};

enum class Init { systemd, ours, other };

/// By the name of the file it executes, or did when it was started where we may not look (a private server). The guest can choose that
/// name, but it only chooses how itself is asked to stop.
Init kind_of_init(const RunState& state) {
    const auto program = sys::program_of(state.init).value_or(state.init_path);
    if (program.ends_with("/systemd")) return Init::systemd;
    return program.ends_with("/vserver-init") ? Init::ours : Init::other;
}

/// A PID 1 never gets a signal that it neither handles nor blocks, and one that has just been executed does neither yet.
Result<> signal_listener(const RunState& state, const sys::PidFd& init, int signal) {
    if (!TRY(sys::listens_to(state.init, signal))) return fail(Code::busy, "its init does not listen yet");
    return sys::send_signal(init, signal);
}

/// What is to be stopped. `server` is null where its settings cannot be read: it runs all the same, and must be stopped.
struct Target {
    const storage::Store& store;
    const model::ServerName& name;
    const Server* server;
};

/// Any other init has a `poweroff` that knows how to tell it: sysvinit by its fifo, OpenRC and busybox in ways of their own.
Result<> run_poweroff(const Target& target) {
    // With which rights a process may be inside is in the settings, and in nothing else.
    if (target.server == nullptr) return fail(Code::unsupported, "its init is told by its own poweroff, which is not run without settings");
    EnterRequest request;
    request.command = {"/sbin/poweroff"};
    request.terminal = TerminalUse::never;
    int status = TRY(run_inside_quietly(target.store, *target.server, request, kAskPatience));
    if (status == 126 || status == 127) return fail(Code::unsupported, "it has no poweroff");
    if (status != 0) return fail(Code::busy, "its poweroff ended with status {}", status);
    return {};
}

Result<> ask_to_stop(const Target& target, const RunState& state, const sys::PidFd& init) {
    switch (kind_of_init(state)) {
        case Init::systemd: return signal_listener(state, init, kSystemdPowerOff);
        case Init::ours: return sys::send_signal(init, SIGTERM);
        case Init::other: return run_poweroff(target);
    }
    return {};
}

/// An init in the first seconds of its boot cannot be asked yet (sysvinit's poweroff fails until there is a runlevel): it is
/// asked again. True where it has ended in time.
Result<bool> ask_until_ended(const Target& target, const RunState& state, Milliseconds patience) {
    auto init = sys::open_pidfd(state.init);
    if (!init && sys::is_gone(init.error())) return true;  // it has just ended
    if (!init) return std::unexpected<Error>(init.error());
    const auto deadline = Clock::now() + patience;
    for (;;) {
        auto asked = ask_to_stop(target, state, *init);
        auto left = std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(deadline - Clock::now()));
        if (asked) return sys::wait_for_exit(*init, left);
        if (asked.error().code != Code::busy) return sys::wait_for_exit(*init, Milliseconds(0));
        if (TRY(sys::wait_for_exit(*init, std::min(left, kAskAgain)))) return true;
        if (left <= kAskAgain) return false;
    }
}

/// True where the init has ended when it was asked to.
Result<bool> stop_gently(const Target& target, const RunState& state, const StopOptions& options) {
    const auto usual = target.server != nullptr ? target.server->settings.stop_timeout : model::Settings{}.stop_timeout;
    if (TRY(ask_until_ended(target, state, options.timeout.value_or(usual)))) return true;
    auto host = TRY(CgroupHost::open());
    signal_everything(host, target.name.text(), SIGTERM);
    if (auto init = sys::open_pidfd(state.init)) (void)TRY(sys::wait_for_exit(*init, kTermPatience));
    return false;
}

/// Remembered for status until the next start or the next boot.
void note_end(const RunDir& run, const std::string& how) {
    // Not being able to note it must not keep a server from being cleaned up.
    (void)sys::replace_file(run.dir(), "last-end", fmt::format("{} {}\n", how, storage::timestamp()), 0600, sys::Durability::volatile_);
}

}  // namespace

std::string last_end(const RunDir& run) {
    auto text = sys::read_file(run.dir(), "last-end");
    return text ? std::string(base::trim(*text)) : "";
}

namespace {

/// The server's lock. By force nobody is waited for: a stop that asks the init holds it as long as the init takes, and a start
/// ends when what it started is killed. `killed` says whether that was needed.
Result<sys::Fd> lock_to_stop(const CgroupHost& host, const model::ServerName& name, const RunDir& run, const StopOptions& options, bool& killed) {
    if (options.manner == StopManner::kill) {
        auto lock = sys::lock_file(run.dir(), "lock", sys::LockWait::fail_if_held);
        killed = !lock && lock.error().code == Code::busy;
        if (!killed) return lock;
        (void)kill_everything(host, name.text());  // whoever holds the lock may remove its groups meanwhile; we look again
    }
    return run.lock();
}

/// True where its init has ended when asked. Whatever keeps us from asking, such as a server that does not let us in, must not
/// keep it running: it is noted.
bool ask(const Target& target, const RunState& state, const StopOptions& options, StopReport& report) {
    auto ended = stop_gently(target, state, options);
    if (!ended) report.notes.push_back("it could not be asked to stop: " + ended.error().message());
    return ended && *ended;
}

Result<> run_hook_of(const Target& target, HookPhase phase) {
    return target.server != nullptr ? run_hook(target.store, *target.server, phase) : Result<>();
}

/// Precondition: the caller holds the server's lock.
Result<> end(const CgroupHost& host, const Target& target, const RunDir& run, const RunState& state, const StopOptions& options, StopReport& report) {
    bool gently = options.manner == StopManner::graceful && state.purpose == Purpose::service;
    report.killed = !gently || !ask(target, state, options, report);
    TRY(tear_down(host, target.name, run, state));
    note_end(run, report.killed ? "killed" : "stopped");
    return {};
}

}  // namespace

Result<StopReport> stop_server(const storage::Store& store, const model::ServerName& name, const StopOptions& options) {
    StopReport report;
    auto run = TRY(RunDir::open(name));
    auto host = TRY(CgroupHost::open());
    auto lock = TRY(lock_to_stop(host, name, run, options, report.killed));
    auto state = TRY(settle(host, name, run));
    if (!state && (report.killed || TRY(cancel_restart(run)))) return report;
    if (!state) return fail(Code::not_running, "'{}' is not running", name.text());
    const auto server = load_server(store, name.text());
    const Target target{store, name, server ? &*server : nullptr};
    bool serves = state->purpose == Purpose::service;
    if (serves && !server) report.notes.push_back(fmt::format("without its hooks and its stop_timeout, for its settings cannot be read: {}", server.error().message()));
    if (serves && server && !server->settings.hooks.empty()) {
        lock.reset();
        TRY(run_hook_of(target, HookPhase::pre_stop));
        lock = TRY(run.lock());
        state = TRY(settle(host, name, run));
        if (!state) return report;  // it has ended meanwhile, and its keeper has called the hook
    }
    TRY(end(host, target, run, *state, options, report));
    lock.reset();
    auto hook = serves ? run_hook_of(target, HookPhase::post_stop) : Result<>();
    if (!hook) report.notes.push_back(hook.error().message());
    return report;
}

namespace {

/// The keeper's lock comes to us through its exec, so that nobody thinks the server abandoned before we hold its own lock.
void release_keeper_lock(const RunDir& run) {
    auto inherited = sys::stat_fd(sys::FdRef(keeper::kKeeperLock));
    auto lock = sys::stat_at(run.dir(), "keeper.lock");
    if (inherited && lock && inherited->st_ino == lock->st_ino && inherited->st_dev == lock->st_dev) sys::Fd(keeper::kKeeperLock).reset();
}

/// What a keeper says, and nothing else: it is kept, and shown to people.
bool is_an_end(std::string_view how) {
    if (how == keeper::kReboot || how == keeper::kHalt || how == keeper::kUnknown) return true;
    auto blank = how.find(' ');
    auto word = how.substr(0, blank);
    return blank != how.npos && (word == "exit" || word == "signal") && base::parse_number(how.substr(blank + 1)).has_value();
}

}  // namespace

Result<> init_ended(const storage::Store& store, const model::ServerName& name, std::uint32_t generation, const std::string& how) {
    if (!is_an_end(how)) return fail(Code::usage, "'{}' is no way in which an init ends", base::escape_control(how));
    auto run = TRY(RunDir::open(name));
    auto lock = TRY(run.lock());
    release_keeper_lock(run);
    auto state = TRY(run.read());
    if (!state || state->generation != generation) return {};  // whoever stopped it has cleaned up
    auto host = TRY(CgroupHost::open());
    if (TRY(init_lives(host, name, *state))) return fail(Code::busy, "its init has not ended");
    TRY(tear_down(host, name, run, *state));
    note_end(run, how);
    if (state->purpose == Purpose::maintenance) return {};
    auto server = TRY(load_server(store, name.text()));
    auto restart = how == keeper::kReboot ? TRY(note_reboot(run, *state)) : Restart{};
    bool pauses = restart.pause.count() > 0, unlocks = pauses || !server.settings.hooks.empty();
    if (unlocks) lock.reset();
    auto hook = run_hook(store, server, HookPhase::post_stop);
    if (how != keeper::kReboot) return hook;
    TRY(wait_for_restart(run, restart));
    if (unlocks) lock = TRY(run.lock());
    if (pauses && !TRY(cancel_restart(run))) return hook;  // somebody has stopped, started or deleted it
    if (unlocks) server = TRY(load_server(store, name.text()));
    auto report = TRY(start_locked(store, std::move(server), run, std::move(lock)));
    if (hook && !report.notes.empty()) return fail(Code::failed, "{}", report.notes.front());
    return hook;
}

}  // namespace vs::server
