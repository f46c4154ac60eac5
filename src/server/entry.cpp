#include "server/entry.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "sys/call.hpp"
#include "sys/terminal.hpp"

namespace vs::server {

namespace {

using Clock = std::chrono::steady_clock;
using sys::Milliseconds;

constexpr int kCannotRun = 126, kNotFound = 127;
constexpr Milliseconds kAtOnce{0};

std::optional<Milliseconds> left_of(const Patience& patience) {
    if (!patience.until) return std::nullopt;
    return std::max(kAtOnce, std::chrono::ceil<Milliseconds>(*patience.until - Clock::now()));
}

/// A window that changes its size asks nobody to give up, nor do the signals without a meaning of their own.
bool asks_to_end(int signal) { return signal != SIGWINCH && signal != SIGUSR1 && signal != SIGUSR2; }

/// Returns when there is something to read.
Result<> await(const sys::SocketFd& socket, const Patience& patience) {
    std::vector<sys::FdRef> sources = {socket};
    if (patience.signals != nullptr) sources.push_back(patience.signals->fd());
    for (;;) {
        auto ready = TRY(sys::wait_readable(sources, left_of(patience)));
        if (!ready) return fail(Code::timeout, "the server holds up what enters it");
        if (*ready == 0) return {};
        auto signal = TRY(patience.signals->take());
        if (signal && asks_to_end(*signal)) return fail(Code::failed, "given up because of signal {}", *signal);
    }
}

/// A failure on the way to a descriptor is a longer message than the one that carries it.
Result<bool> carries_descriptor(const sys::SocketFd& socket) { return TRY(sys::next_message_size(socket)) == 1; }

Result<std::optional<int>> read_outcome(const sys::SocketFd& socket, const std::string& user) {
    auto record = TRY(sys::receive_message(socket));
    if (record.empty()) return std::nullopt;
    EntryFailure failure;
    if (record.size() != sizeof failure) return fail(Code::failed, "the process that was to enter ended without saying why");
    std::copy_n(record.data(), sizeof failure, reinterpret_cast<char*>(&failure));
    if (failure.step == EntryStep::exec_command) return std::optional(failure.errno_value == ENOENT ? kNotFound : kCannotRun);
    if (failure.step == EntryStep::find_user) return fail(Code::usage, "the server has no user '{}'", user);
    if (failure.step == EntryStep::lower_ceiling) return std::unexpected<Error>(context::ceiling_error(failure.ceiling));
    return std::unexpected<Error>(sys::error_from(failure.errno_value, std::string(entry_step_text(failure.step))));
}

/// Why nobody was born.
Error stillbirth(const sys::SocketFd& socket, const std::string& user) {
    auto outcome = read_outcome(socket, user);
    return outcome ? Error{Code::failed, 0, "the process that was to enter ended without saying why", {}} : outcome.error();
}

/// Kills the one that may have been born while we gave up.
void kill_born(const sys::SocketFd& birth) {
    if (!sys::wait_readable({birth}, kAtOnce).value_or(std::nullopt)) return;
    if (auto process = sys::receive_fd(birth)) (void)sys::send_signal(*process, SIGKILL);
}

}  // namespace

Result<Entry> Entry::begin(const CgroupEntry& groups, const EntryPlan& plan, const Patience& patience) {
    auto birth = TRY(sys::make_socket_pair());
    auto sockets = TRY(sys::make_socket_pair());
    TRY(sys::forbid_dump());
    auto visitor = TRY(sys::clone_process({.flags = 0, .cgroup = &groups.group}));
    if (visitor.pid == 0) {
        birth.ours.reset();
        sockets.ours.reset();
        run_entry_child(plan, sockets.theirs.get(), birth.theirs.get());
    }
    birth.theirs.reset();
    sockets.theirs.reset();
    auto told = await(birth.ours, patience);
    (void)sys::send_signal(visitor.pidfd, SIGKILL);  // it has nothing left to do, and may be held up too
    TRY(sys::reap(visitor.pidfd));
    if (!told) {
        kill_born(birth.ours);
        return std::unexpected<Error>(told.error());
    }
    if (!TRY(carries_descriptor(birth.ours))) return std::unexpected<Error>(stillbirth(sockets.ours, plan.user));
    return Entry(sys::PidFd(TRY(sys::receive_fd(birth.ours)).release()), std::move(sockets.ours), plan.user);
}

Result<std::optional<sys::Fd>> Entry::terminal(const Patience& patience) const {
    TRY(await(socket_, patience));
    if (!TRY(carries_descriptor(socket_))) return std::nullopt;
    auto master = TRY(sys::receive_fd(socket_));
    // A hostile process of the server cannot be in its place, but what we proxy is checked all the same.
    if (!sys::is_pty_master(master)) return fail(Code::failed, "what came out of the server is not a terminal");
    return std::optional(std::move(master));
}

Result<std::optional<int>> Entry::outcome(const Patience& patience) const {
    TRY(await(socket_, patience));
    return read_outcome(socket_, user_);
}

void Entry::kill() const { (void)sys::send_signal(process_, SIGKILL); }

}  // namespace vs::server
