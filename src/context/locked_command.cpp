#include "context/locked_command.hpp"

#include <algorithm>
#include <cerrno>

#include "context/context_groups.hpp"
#include "context/counted_group.hpp"
#include "context/lock_child.hpp"
#include "context/rights.hpp"
#include "model/paths.hpp"
#include "sys/attend.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/mount_table.hpp"
#include "sys/user_namespace.hpp"

namespace vs::context {

namespace {

/// Mount points of control groups and of BPF file systems, which the command may see and not write.
Result<std::vector<std::string>> protected_mounts() {
    std::vector<std::string> points;
    for (const auto& entry : TRY(sys::mount_table()))
        if (entry.type == "cgroup2" || entry.type == "bpf") points.push_back(entry.point);
    return points;
}

/// How this caller gets a lock.
struct Way {
    Confiner confiner = Confiner::user;
    std::vector<std::string> mounts{};
    LockAsk ask{};
    [[nodiscard]] bool asks() const { return confiner != Confiner::administrator; }
    /// Points into it.
    [[nodiscard]] Confinement confinement() const {
        Confinement out{.confiner = confiner};
        if (asks()) return out;
        out.ceiling = lock_ceiling();
        for (const auto& point : mounts) out.protected_mounts.push_back(point.c_str());
        return out;
    }
};

Result<> put(std::string_view text, LockAsk::Word& word) {
    if (text.size() >= word.size()) return fail(Code::usage, "'{}...' is no address", text.substr(0, 16));
    text.copy(word.data(), text.size());
    return {};
}

Result<LockAsk> ask_for(const LockWish& wish) {
    LockAsk ask;
    if (wish.request.addresses.size() > ask.addresses.size())
        return fail(Code::usage, "more than {} addresses: name a device, or fewer", ask.addresses.size());
    ask.own_loopback = wish.loopback == LoopbackKind::own ? 1 : 0;
    TRY(put(wish.request.broadcast, ask.broadcast));
    for (std::size_t i = 0; i < wish.request.addresses.size(); ++i) TRY(put(wish.request.addresses[i], ask.addresses[i]));
    return ask;
}

bool is_root() { return sys::is_superuser() && sys::in_first_user_namespace(); }

/// A context that counts as one would not any more.
Result<> check_group() {
    if (!TRY(is_counted_by_version2(sys::own_pid()))) return {};
    return fail(Code::unsupported, "the command would leave the control group by which its context counts as one: lock without the flags 'sched' and 'nproc'");
}

Result<Way> way_of(const LockWish& wish) {
    TRY(check_group());
    if (who_locks() == Locker::self) return Way{Confiner::administrator, TRY(protected_mounts())};
    return Way{is_root() ? Confiner::outer_lock : Confiner::user, {}, TRY(ask_for(wish))};
}

class LockedRun {
  public:
    explicit LockedRun(const LockedCommand& command) : command_(command) {}

    Result<LockedEnd> run() {
        auto signals = TRY(sys::SentSignals::begin());
        auto report = TRY(sys::make_pipe());
        TRY(start(report));
        report.write.reset();
        TRY(signals.forward_until(child_.pidfd, child_.pidfd));
        LockedEnd end{TRY(sys::reap(child_.pidfd)), {}};
        auto record = TRY(sys::read_all(report.read));
        // What it left running keeps the group; then the next command finds it empty. An ordinary user's is found by the service.
        if (!asks_) TRY(TRY(ContextGroups::open()).sweep());
        if (record.empty()) return end;
        auto failure = failure_from(record);
        auto error = base::with_context(lock_child_error(failure), fmt::format("run '{}'", command_.argv[0]));
        if (failure.step != LockStep::execute) return std::unexpected<Error>(std::move(error));
        end.exec_failure = std::move(error);
        return end;
    }

  private:
    Result<> start(const sys::Pipe& report) {
        auto lock = TRY(plan_lock(command_.lock.request));  // where it is the service that decides, for a quick answer
        auto way = TRY(way_of(command_.lock));
        asks_ = way.asks();
        if (asks_) return clone_into(nullptr, way, report);
        auto groups = TRY(ContextGroups::open());
        TRY(groups.sweep());
        auto group = TRY(make_locked_group(groups, groups.path(), std::move(lock), command_.lock.loopback));
        return clone_into(&group.dir, way, report);
    }

    Result<> clone_into(const sys::DirFd* group, const Way& way, const sys::Pipe& report) {
        LockChildPlan plan;
        for (const auto& word : command_.argv) plan.argv.push_back(const_cast<char*>(word.c_str()));
        plan.argv.push_back(nullptr);
        plan.confinement = way.confinement();
        if (way.asks()) plan.ask = &way.ask;
        plan.keep_descriptors = command_.descriptors == Descriptors::all;
        plan.report = report.write.get();
        child_ = TRY(sys::clone_process({.flags = 0, .cgroup = group}));
        if (child_.pid == 0) run_lock_child(plan);
        return {};
    }

    static LockChildFailure failure_from(const std::string& record) {
        LockChildFailure failure{.step = LockStep::prepare, .ceiling = {}, .errno_value = EIO, .answer = {}};
        if (record.size() == sizeof failure) std::copy_n(record.data(), sizeof failure, reinterpret_cast<char*>(&failure));
        return failure;
    }

    const LockedCommand& command_;
    sys::Child child_;
    bool asks_ = false;
};

}  // namespace

Locker who_locks() {
    if (is_root() && own_rights() == Rights::administrator) return Locker::self;
    return sys::exists(sys::kHere, model::paths::kLockSocket).value_or(false) ? Locker::service : Locker::nobody;
}

Result<> lock_caller(const LockWish& wish) {
    auto lock = TRY(plan_lock(wish.request));
    auto way = TRY(way_of(wish));
    if (way.asks()) {
        if (auto failed = ask_for_lock(way.ask, way.confiner)) return std::unexpected<Error>(lock_child_error(*failed));
    } else {
        auto groups = TRY(ContextGroups::open());
        TRY(groups.sweep());
        auto group = TRY(make_locked_group(groups, groups.path(), std::move(lock), wish.loopback));
        TRY(sys::write_kernel_file(group.dir, "cgroup.procs", "0"));
    }
    if (auto failed = confine_to_lock(way.confinement())) return std::unexpected<Error>(lock_child_error(*failed));
    return {};
}

Result<LockedEnd> run_locked(const LockedCommand& command) { return LockedRun(command).run(); }

}  // namespace vs::context
