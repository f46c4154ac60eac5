// Three processes: we, who wait and hand on signals; the supervisor, in the background; and the command, which is its child, because
// Yama lets only an ancestor read the memory of a process (ptrace_scope 1), and it adopts what the command leaves behind.

#include "context/honest_command.hpp"

#include <cerrno>

#include "context/address_lock_user.hpp"
#include "context/lock_child.hpp"
#include "context/lock_filter.hpp"
#include "sys/attend.hpp"
#include "sys/bpf.hpp"
#include "sys/call.hpp"
#include "sys/capability.hpp"
#include "sys/children.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/landlock.hpp"
#include "sys/local_socket.hpp"
#include "sys/raw.hpp"
#include "sys/seccomp.hpp"

namespace vs::context {

namespace {

namespace raw = sys::raw;

/// What the supervisor tells us, once, when the command has ended or was not executed.
struct Ending {
    sys::ExitStatus status{};
    std::int32_t failed = 0;
    LockChildFailure failure{};
};

template <typename T>
std::string_view bytes_of(const T& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

struct Honest {
    std::vector<char*> argv;
    AddressLock lock;
    std::uint64_t network = 0;
    bool keep_descriptors = false;
};

// ---------------------------------------------------------------------------------------------------- the command

[[noreturn]] void give_up(int report, LockStep step, int error) {
    const LockChildFailure why{step, {}, -error, {}};
    (void)raw::write_bytes(report, &why, sizeof why);
    raw::exit_now(125);
}

void check(int report, LockStep step, int outcome) {
    if (outcome < 0) give_up(report, step, outcome);
}

/// Once the filter is loaded it makes no call that is handed on until somebody takes them.
[[noreturn]] void run_command(const Honest& honest, int report, int supervisor) noexcept {
    check(report, LockStep::prepare, raw::reset_signals());
    if (!honest.keep_descriptors) check(report, LockStep::prepare, raw::close_on_exec_from(3));
    check(report, LockStep::prepare, sys::set_no_new_privileges_raw());
    // It is no boundary, so it does without where there is none.
    if (const int entered = sys::enter_landlock_domain_raw(); entered != -EOPNOTSUPP) check(report, LockStep::enter_domain, entered);
    const auto closed = lock_filter(), handed = notifying_filter();
    check(report, LockStep::load_filter, sys::load_filter_raw(closed.data(), closed.size()));
    const int listener = sys::load_notifying_filter_raw(handed.data(), handed.size());
    check(report, LockStep::load_filter, listener);
    check(report, LockStep::load_filter, raw::write_bytes(supervisor, &listener, sizeof listener));
    char taken = 0;
    if (raw::receive_bytes(supervisor, &taken, 1) != 1) give_up(report, LockStep::load_filter, -EPIPE);
    if (honest.keep_descriptors) {
        raw::close_fd(listener), raw::close_fd(supervisor);
    }
    give_up(report, LockStep::execute, raw::execute_as_typed(honest.argv.data()));
}

// ------------------------------------------------------------------------------------------------- the supervisor

class Supervision {
  public:
    Supervision(const Honest& honest, sys::FdRef asker) : honest_(honest), asker_(asker) {}

    Result<> run() {
        auto children = TRY(sys::Children::adopt());
        auto report = TRY(sys::make_pipe());
        auto pair = TRY(sys::make_socket_pair());
        command_ = TRY(sys::clone_process({}));
        if (command_.pid == 0) run_command(honest_, report.write.get(), pair.theirs.get());
        TRY(sys::detach_but_for({asker_, children.fd(), report.read, pair.ours, command_.pidfd}));
        (void)report.write.release(), (void)pair.theirs.release();
        TRY(sys::send_fd(asker_, command_.pidfd));
        report_ = std::move(report.read);
        auto notices = take_notices(pair.ours);
        if (!notices) return await(children);
        return serve({honest_.lock, honest_.network, std::move(*notices)}, children);
    }

  private:
    /// nullopt: the command has given up, and says why in its report.
    std::optional<sys::CallNotices> take_notices(sys::FdRef socket) const {
        int number = -1;
        if (raw::receive_bytes(socket.get(), &number, sizeof number) != 1) return std::nullopt;
        auto listener = sys::take_descriptor(command_.pidfd, number);
        if (!listener || raw::send_bytes(socket.get(), "t", 1) < 0) return std::nullopt;
        return sys::CallNotices(std::move(*listener));
    }

    Result<> await(const sys::Children& children) {
        while (!told_) {
            TRY(sys::wait_readable({children.fd()}, std::nullopt));
            TRY(reap(children));
        }
        return {};
    }

    Result<> serve(const HonestSupervisor& supervisor, const sys::Children& children) {
        while (!told_ || !supervisor.notices().is_over()) {
            auto ready = TRY(sys::wait_readable({supervisor.notices().fd(), children.fd()}, std::nullopt));
            if (ready == 0U && !supervisor.notices().is_over()) TRY(supervisor.serve());
            else TRY(reap(children));
            if (!told_ && supervisor.notices().is_over()) TRY(await(children));
        }
        return {};
    }

    Result<> reap(const sys::Children& children) {
        while (auto ended = children.next()) {
            if (ended->pid != command_.pid) continue;
            Ending ending{.status = ended->status};
            auto record = TRY(sys::read_all(report_));
            ending.failed = record.size() == sizeof ending.failure ? 1 : 0;
            if (ending.failed != 0) record.copy(reinterpret_cast<char*>(&ending.failure), sizeof ending.failure);
            (void)sys::send_message(asker_, bytes_of(ending));  // who asked may have ended
            told_ = true;
        }
        return {};
    }

    const Honest& honest_;
    sys::FdRef asker_;
    sys::Child command_;
    sys::Fd report_;
    bool told_ = false;
};

// ------------------------------------------------------------------------------------------------------------- we

/// The supervisor outlives us, so it is nobody's child whom our caller would have to wait for.
Result<> start_supervisor(const Honest& honest, sys::SocketPair& pair) {
    auto between = TRY(sys::clone_process({}));
    if (between.pid != 0) {
        pair.theirs.reset();
        TRY(sys::reap(between.pidfd));
        return {};
    }
    auto supervisor = sys::clone_process({});
    if (!supervisor || supervisor->pid != 0) raw::exit_now(0);
    pair.ours.reset();
    raw::exit_now(Supervision(honest, pair.theirs).run() ? 0 : 1);
}

Result<LockedEnd> end_of(const Ending& ending, const LockedCommand& command) {
    LockedEnd end{ending.status, {}};
    if (ending.failed == 0) return end;
    auto error = base::with_context(lock_child_error(ending.failure), fmt::format("run '{}'", command.argv[0]));
    if (ending.failure.step == LockStep::load_filter && ending.failure.errno_value == EBUSY)
        return fail(Code::busy, "something else supervises the system calls of this process already: the addresses cannot be");
    if (ending.failure.step != LockStep::execute) return std::unexpected<Error>(std::move(error));
    end.exec_failure = std::move(error);
    return end;
}

}  // namespace

Result<LockedEnd> run_honest(const LockedCommand& command) {
    if (command.lock.loopback == LoopbackKind::own) return fail(Code::usage, "a loopback of its own needs root or the lock service");
    const auto network = TRY(sys::network_cookie());
    auto lock = TRY(plan_lock(command.lock.request));
    Honest honest{.argv = {}, .lock = std::move(lock), .network = network};
    for (const auto& word : command.argv) honest.argv.push_back(const_cast<char*>(word.c_str()));
    honest.argv.push_back(nullptr);
    honest.keep_descriptors = command.descriptors == Descriptors::all;

    auto signals = TRY(sys::SentSignals::begin());
    auto pair = TRY(sys::make_socket_pair());
    TRY(start_supervisor(honest, pair));
    auto process = TRY_WITH(sys::receive_fd(pair.ours), "start the supervisor of the command");
    TRY(signals.forward_until(pair.ours, process));
    auto message = TRY(sys::receive_message(pair.ours));
    Ending ending;
    if (message.size() != sizeof ending) return fail(Code::failed, "the supervisor of the command has ended before it");
    message.copy(reinterpret_cast<char*>(&ending), sizeof ending);
    return end_of(ending, command);
}

}  // namespace vs::context
