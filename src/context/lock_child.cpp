#include "context/lock_child.hpp"

#include <linux/capability.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "context/lock_filter.hpp"
#include "model/paths.hpp"
#include "sys/call.hpp"
#include "sys/capability.hpp"
#include "sys/landlock.hpp"
#include "sys/local_socket.hpp"
#include "sys/raw.hpp"
#include "sys/seccomp.hpp"

namespace vs::context {

namespace {

namespace raw = sys::raw;

// With these root could detach the programs, leave the group, borrow another process, or talk below the socket.
constexpr std::array kGivenUp = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN, CAP_BPF, CAP_SYS_PTRACE, CAP_SYS_MODULE, CAP_SYS_RAWIO};

std::string_view text_of(LockStep step) {
    switch (step) {
        case LockStep::prepare: return "leave the caller's descriptors and signals";
        case LockStep::ask: return "ask the lock service";
        case LockStep::protect_groups: return "make the control groups read-only for it";
        case LockStep::enter_domain: return "enter a Landlock domain";
        case LockStep::load_filter: return "load the filter of system calls";
        case LockStep::lower_ceiling: return "lower its ceiling";
        case LockStep::execute: return "execute it";
    }
    return "start it";
}

std::optional<LockChildFailure> failure(LockStep step, int value) {
    if (value >= 0) return std::nullopt;
    return LockChildFailure{step, {}, -value, {}};
}

int protect(const Confinement& confinement) {
    if (confinement.confiner != Confiner::administrator) return 0;
    if (int error = raw::unshare_mounts(); error < 0) return error;
    for (const char* point : confinement.protected_mounts)
        if (int error = raw::make_read_only(point); error < 0) return error;
    return 0;
}

[[noreturn]] void give_up(const LockChildPlan& plan, const LockChildFailure& why) {
    (void)raw::write_bytes(plan.report, &why, sizeof why);
    raw::exit_now(125);
}

}  // namespace

Error lock_child_error(const LockChildFailure& failure) {
    if (failure.step == LockStep::ask && failure.errno_value == 0)
        return Error{static_cast<Code>(failure.answer.code), 0, failure.answer.sentence.data(), {}};
    if (failure.step == LockStep::ask && (failure.errno_value == ENOENT || failure.errno_value == ECONNREFUSED))
        return Error{Code::unsupported, 0, "the lock service does not run here: root can start it with 'systemctl enable --now vserver-lock.socket'", {}};
    if (failure.step == LockStep::enter_domain && failure.errno_value == EOPNOTSUPP)
        return Error{Code::unsupported, EOPNOTSUPP, "this kernel has no Landlock: without it a locked command takes sockets from processes outside; 'lsm=' of its "
                     "command line may lack 'landlock'", {}};
    if (failure.step == LockStep::lower_ceiling) return ceiling_error(failure.ceiling);
    return sys::error_from(failure.errno_value, std::string(text_of(failure.step)));
}

std::optional<LockChildFailure> ask_for_lock(const LockAsk& ask, Confiner confiner) noexcept {
    if (confiner == Confiner::user)
        if (auto failed = failure(LockStep::prepare, sys::set_no_new_privileges_raw())) return failed;
    const int service = raw::connect_local(model::paths::kLockSocket);
    if (service < 0) return failure(LockStep::ask, service);
    LockAnswer answer;
    int error = raw::send_bytes(service, &ask, sizeof ask);
    if (error == 0) error = raw::receive_bytes(service, &answer, sizeof answer);
    if (error == 0) error = -EPIPE;
    // It holds us until it has ended.
    char rest = 0;
    if (error > 0) (void)raw::receive_bytes(service, &rest, sizeof rest);
    raw::close_fd(service);
    if (error < 0) return failure(LockStep::ask, error);
    if (answer.refused == 0) return std::nullopt;
    answer.sentence.back() = '\0';
    return LockChildFailure{LockStep::ask, {}, 0, answer};
}

/// The filter before the ceiling: loading it without no_new_privs needs a capability that goes.
std::optional<LockChildFailure> confine_to_lock(const Confinement& confinement) noexcept {
    if (confinement.confiner == Confiner::outer_lock) return std::nullopt;
    if (auto failed = failure(LockStep::protect_groups, protect(confinement))) return failed;
    if (auto failed = failure(LockStep::enter_domain, sys::enter_landlock_domain_raw())) return failed;
    auto filter = lock_filter();
    if (auto failed = failure(LockStep::load_filter, sys::load_filter_raw(filter.data(), filter.size()))) return failed;
    if (confinement.confiner == Confiner::user) return std::nullopt;
    auto outcome = apply_ceiling_raw(confinement.ceiling);
    if (!outcome.ok()) return LockChildFailure{LockStep::lower_ceiling, outcome, outcome.errno_value, {}};
    return std::nullopt;
}

void run_lock_child(const LockChildPlan& plan) noexcept {
    if (auto failed = failure(LockStep::prepare, raw::reset_signals())) give_up(plan, *failed);
    if (!plan.keep_descriptors)
        if (auto failed = failure(LockStep::prepare, raw::close_on_exec_from(3))) give_up(plan, *failed);
    if (plan.ask != nullptr)
        if (auto failed = ask_for_lock(*plan.ask, plan.confinement.confiner)) give_up(plan, *failed);
    if (auto failed = confine_to_lock(plan.confinement)) give_up(plan, *failed);
    give_up(plan, {LockStep::execute, {}, -raw::execute_as_typed(plan.argv.data()), {}});
}

Ceiling lock_ceiling() {
    auto keep = model::CapabilitySet::all(sys::last_capability_raw());
    for (int capability : kGivenUp) keep.remove(capability);
    return {.capabilities = keep, .new_privileges = NewPrivileges::allowed, .securebits = {}};
}

}  // namespace vs::context
