#include "context/locked_command.hpp"

#include <algorithm>
#include <cerrno>

#include "context/context_groups.hpp"
#include "context/lock_child.hpp"
#include "sys/attend.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/mount_table.hpp"

namespace vs::context {

namespace {

/// Mount points of control groups and of BPF file systems, which the command may see and not write.
Result<std::vector<std::string>> protected_mounts() {
    std::vector<std::string> points;
    for (const auto& entry : TRY(sys::mount_table()))
        if (entry.type == "cgroup2" || entry.type == "bpf") points.push_back(entry.point);
    return points;
}

/// Points into `mounts`.
Confinement confinement_of(const std::vector<std::string>& mounts) {
    Confinement confinement{.protected_mounts = {}, .ceiling = lock_ceiling()};
    for (const auto& point : mounts) confinement.protected_mounts.push_back(point.c_str());
    return confinement;
}

/// The group is not yet lived in, and must not be taken for an empty one: `groups` is held until then.
Result<ContextGroup> make_locked_group(ContextGroups& groups, AddressLock lock, LoopbackKind kind) {
    auto locker = TRY(AddressLocker::open());
    TRY(groups.sweep());
    auto group = TRY(groups.make(std::nullopt));
    auto apply = [&]() -> Result<> {
        if (kind == LoopbackKind::own) {
            lock.loopback = group.loopback();
            TRY(add_loopback_address(group.loopback()));
        }
        return locker.lock(lock, group.dir);
    };
    auto locked = apply();
    if (locked) return group;
    (void)groups.sweep();
    return std::unexpected<Error>(locked.error());
}

Result<> need_root() {
    if (sys::is_superuser()) return {};
    return fail(Code::denied, "only root can lock a command to addresses: the lock must be out of its reach");
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
        // What it left running keeps the group; then the next command finds it empty.
        TRY(TRY(ContextGroups::open()).sweep());
        if (record.empty()) return end;
        auto failure = failure_from(record);
        auto error = base::with_context(lock_child_error(failure), fmt::format("run '{}'", command_.argv[0]));
        if (failure.step != LockStep::execute) return std::unexpected<Error>(std::move(error));
        end.exec_failure = std::move(error);
        return end;
    }

  private:
    Result<> start(const sys::Pipe& report) {
        auto groups = TRY(ContextGroups::open());
        auto group = TRY(make_locked_group(groups, command_.lock, command_.loopback));
        return clone_into(group, report);
    }

    Result<> clone_into(const ContextGroup& group, const sys::Pipe& report) {
        auto mounts = TRY(protected_mounts());
        LockChildPlan plan;
        for (const auto& word : command_.argv) plan.argv.push_back(const_cast<char*>(word.c_str()));
        plan.argv.push_back(nullptr);
        plan.confinement = confinement_of(mounts);
        plan.keep_descriptors = command_.descriptors == Descriptors::all;
        plan.report = report.write.get();
        child_ = TRY(sys::clone_process({.flags = 0, .cgroup = &group.dir}));
        if (child_.pid == 0) run_lock_child(plan);
        return {};
    }

    static LockChildFailure failure_from(const std::string& record) {
        LockChildFailure failure{.step = LockStep::prepare, .ceiling = {}, .errno_value = EIO};
        if (record.size() == sizeof failure) std::copy_n(record.data(), sizeof failure, reinterpret_cast<char*>(&failure));
        return failure;
    }

    const LockedCommand& command_;
    sys::Child child_;
};

}  // namespace

Result<> lock_caller(const AddressLock& lock, LoopbackKind loopback) {
    TRY(need_root());
    auto mounts = TRY(protected_mounts());
    auto groups = TRY(ContextGroups::open());
    auto group = TRY(make_locked_group(groups, lock, loopback));
    TRY(sys::write_kernel_file(group.dir, "cgroup.procs", "0"));
    if (auto failed = confine_to_lock(confinement_of(mounts))) return std::unexpected<Error>(lock_child_error(*failed));
    return {};
}

Result<LockedEnd> run_locked(const LockedCommand& command) {
    TRY(need_root());
    return LockedRun(command).run();
}

}  // namespace vs::context
