#include "context/context.hpp"

#include <linux/capability.h>
#include <linux/sched.h>

#include <cerrno>
#include <cstring>

#include "context/context_child.hpp"
#include "context/lower.hpp"
#include "context/reaper_protocol.hpp"
#include "context/report_text.hpp"
#include "context/rights.hpp"
#include "sys/call.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/host.hpp"
#include "sys/raw.hpp"
#include "sys/user_namespace.hpp"

namespace vs::context {

namespace {

constexpr const char* kOverride = "VSERVER_LIBEXEC";

std::string reaper_program() {
    auto directory = sys::environment_variable(kOverride);
    return (directory.empty() ? std::string(VSERVER_LIBEXEC_DIR) : directory) + "/vserver-reaper";
}

/// The clocks since boot begin with the context. The kernel refuses an offset that makes them negative, so they begin a
/// moment after 0.
std::string clock_offsets() {
    const auto [monotonic, boot] = sys::seconds_since_boot();
    return fmt::format("monotonic -{} 0\nboottime -{} 0\n", monotonic, boot);
}

/// Everything the child needs, with the strings that its plan points to.
struct Prepared {
    ChildPlan plan;
    std::vector<ViewStep> view;
    std::string uid_map, gid_map, offsets, directory, reaper, host_name, domain_name, record;
    bool parent_maps = false;
    sys::SocketPair control;
    sys::Pipe status;
    CountedGroup group;
};

Result<> check(const Wish& wish) {
    if ((wish.flags & kFakeInit) != 0 && (wish.areas & kProcesses) == 0)
        return fail(Code::usage, "the flag 'fakeinit' needs the area 'proc'");
    return {};
}

Result<> map_own_ids(Rights rights, Prepared& out) {
    if (rights == Rights::administrator) {
        out.uid_map = TRY(sys::identity_map("/proc/self/uid_map"));
        out.gid_map = TRY(sys::identity_map("/proc/self/gid_map"));
    } else {
        const auto [uid, gid] = sys::own_ids();
        out.uid_map = fmt::format("{} {} 1", uid, uid);
        out.gid_map = fmt::format("{} {} 1", gid, gid);
    }
    out.plan.uid_map = out.uid_map.c_str();
    out.plan.gid_map = out.gid_map.c_str();
    return {};
}

Result<> plan_identity(const Wish& wish, Rights rights, Prepared& out) {
    auto& plan = out.plan;
    // Root of a user namespace (of a virtual server, say) may not take away what he inherited, so he covers it as a user does.
    const bool needs_users = rights == Rights::user || !sys::in_first_user_namespace();
    plan.areas = wish.areas | (needs_users ? kUsers : 0) | (wish.host_name.empty() && wish.domain_name.empty() ? 0 : kNames);
    plan.flags = wish.flags;
    plan.rights = rights;
    if ((plan.areas & kUsers) != 0) TRY(map_own_ids(rights, out));
    if (is_counted(wish.flags, rights)) plan.areas |= kFiles;  // in which nobody writes to control groups
    out.parent_maps = rights == Rights::administrator && (plan.areas & kUsers) != 0;
    auto keep = wish.keep;
    if ((wish.flags & kUlimit) != 0) keep.remove(CAP_SYS_RESOURCE);
    const bool nothing_new = wish.no_new_privileges || rights == Rights::user;
    plan.ceiling = {.capabilities = keep, .new_privileges = nothing_new ? NewPrivileges::none : NewPrivileges::allowed};
    plan.clear_sets = rights == Rights::user;
    return {};
}

Result<> plan_surroundings(const Wish& wish, Prepared& out) {
    auto& plan = out.plan;
    const bool mounts = (namespaces_of(plan.areas) & CLONE_NEWNS) != 0;
    if (mounts) {
        const bool detach = plan.rights == Rights::administrator && !out.parent_maps;
        const auto table = TRY(sys::mount_table());
        out.view = TRY(plan_view(table, plan.areas, detach ? Rights::administrator : Rights::user));
        if (is_counted(plan.flags, plan.rights)) protect_groups(table, out.view);
        plan.view = &out.view;
        plan.lock_mounts = out.parent_maps;
    }
    if ((plan.areas & kTime) != 0) plan.clock_offsets = (out.offsets = clock_offsets()).c_str();
    if (!wish.host_name.empty()) plan.host_name = (out.host_name = wish.host_name).c_str();
    if (!wish.domain_name.empty()) plan.domain_name = (out.domain_name = wish.domain_name).c_str();
    out.directory = sys::current_directory();
    plan.directory = out.directory.c_str();
    return {};
}

Result<> plan_process(const Wish& wish, const Command& command, Prepared& out) {
    auto& plan = out.plan;
    out.control = TRY(sys::make_socket_pair());
    plan.control = out.control.theirs.get();
    const bool first = (plan.areas & kProcesses) == 0 || (plan.flags & kFakeInit) != 0;
    if (first && (plan.areas & kTime) != 0) return fail(Code::usage, "the area 'time' needs the area 'proc', and no 'fakeinit'");
    if (!first) {
        plan.reaper = (out.reaper = reaper_program()).c_str();
        if (wish.waiting == Waiting::attached) out.status = TRY(sys::make_pipe());
        plan.status = out.status.write.get();
    }
    plan.waits = out.parent_maps || wish.announce;
    plan.record = (out.record = wish.record).c_str();
    plan.new_session = wish.waiting == Waiting::detached;
    plan.argv = command.argv;
    plan.environment = command.environment;
    plan.signal_mask = command.signal_mask;
    return {};
}

/// From here on the groups are there: what fails has to remove them.
Result<sys::Child> clone_into_groups(const Wish& wish, Prepared& out) {
    auto flags = namespaces_of(out.plan.areas);
    out.group = TRY(make_counted_group(wish.flags, out.plan.rights));
    out.plan.tasks = &out.group.tasks;
    out.plan.own_group_view = !out.group.paths.empty() && (flags & CLONE_NEWCGROUP) != 0;
    if (out.plan.own_group_view) flags &= ~static_cast<std::uint64_t>(CLONE_NEWCGROUP);
    auto child = sys::clone_process({.flags = flags, .cgroup = out.group.birthplace.is_open() ? &out.group.birthplace : nullptr});
    return child ? std::move(child) : Result<sys::Child>(std::unexpected<Error>(clone_error(child.error(), out.plan.rights)));
}

/// The next report; nullopt at the end, which is success.
Result<std::optional<Report>> next_report(sys::FdRef socket) {
    Report report;
    int got = sys::raw::receive_bytes(socket.get(), &report, sizeof report);
    if (got < 0) return std::unexpected<Error>(sys::error_from(-got, "hear from the new context"));
    if (got == 0) return std::nullopt;
    return std::optional(report);
}

/// The child waits for its ids, and for whoever wants to know its number before it runs.
Result<> answer(const Prepared& prepared, const sys::Child& child) {
    if (prepared.parent_maps) {
        auto proc = TRY(sys::open_dir(sys::kHere, "/proc"));
        TRY(sys::write_kernel_file(proc, fmt::format("{}/uid_map", child.pid), prepared.uid_map));
        TRY(sys::write_kernel_file(proc, fmt::format("{}/gid_map", child.pid), prepared.gid_map));
    }
    constexpr char kGo = 'g';
    if (int sent = sys::raw::send_bytes(prepared.control.ours.get(), &kGo, sizeof kGo); sent < 0)
        return std::unexpected<Error>(sys::error_from(-sent, "let the new context go on"));
    return {};
}

/// From the clone to the exec of the command.
Result<Born> accompany(const Prepared& prepared, const Wish& wish, const sys::Child& child) {
    auto hello = TRY(next_report(prepared.control.ours));
    if (!hello) return fail(Code::failed, "the new context ended before its command could run");
    if (hello->step != Step::none) return std::unexpected<Error>(report_error(*hello, prepared.plan));
    const Born born{.number = hello->number, .init = child.pid};
    if (wish.announce) TRY(wish.announce(born));
    if (prepared.plan.waits) TRY(answer(prepared, child));
    auto failure = TRY(next_report(prepared.control.ours));
    if (failure) return std::unexpected<Error>(report_error(*failure, prepared.plan));
    return born;
}

}  // namespace

Result<Running> begin(const Wish& wish, const Command& command) {
    Prepared prepared;
    const Rights rights = own_rights();
    TRY(check(wish));
    TRY(plan_identity(wish, rights, prepared));
    TRY(plan_surroundings(wish, prepared));
    TRY(plan_process(wish, command, prepared));
    auto child = clone_into_groups(wish, prepared);
    if (child && child->pid == 0) become_context(prepared.plan);
    prepared.group.claims.clear();
    if (!child) {
        remove_counted_group(prepared.group);
        return std::unexpected<Error>(child.error());
    }
    prepared.control.theirs.reset();
    prepared.status.write.reset();
    auto born = accompany(prepared, wish, *child);
    if (!born) {
        prepared.control.ours.reset();
        (void)sys::send_signal(child->pidfd, 9);  // it may have ended by itself
        TRY(sys::reap(child->pidfd));
        remove_counted_group(prepared.group);
        return std::unexpected<Error>(born.error());
    }
    return Running{*born, std::move(child->pidfd), std::move(prepared.status.read), std::move(prepared.group)};
}

namespace {

Result<sys::ExitStatus> end_of(Running& running, AtEnd end) {
    if (!running.status.is_open()) return sys::reap(running.child);
    auto bytes = TRY(sys::read_some(running.status));
    running.status.reset();
    reaper::Ending ending;
    if (bytes.size() != sizeof ending) {
        TRY(sys::reap(running.child));
        return sys::ExitStatus{sys::ExitStatus::Kind::signaled, 9};
    }
    std::memcpy(&ending, bytes.data(), sizeof ending);
    const bool has_group = !running.group.paths.empty();  // it can be removed once its last process has been reaped
    if (ending.empty != 0 && (has_group || end == AtEnd::reap)) TRY(sys::reap(running.child));
    return sys::status_of_wait(ending.wait_status);
}

}  // namespace

Result<sys::ExitStatus> wait(Running& running, const sys::SentSignals& signals) {
    const sys::FdRef ended = running.status.is_open() ? sys::FdRef(running.status) : sys::FdRef(running.child);
    TRY(signals.forward_until(ended, running.child));
    return wait(running, AtEnd::leave);
}

Result<sys::ExitStatus> wait(Running& running, AtEnd end) {
    auto status = end_of(running, end);
    remove_counted_group(running.group);
    return status;
}

}  // namespace vs::context
