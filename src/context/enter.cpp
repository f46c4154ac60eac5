#include "context/enter.hpp"

#include <fcntl.h>

#include <cerrno>
#include <optional>

#include "context/context_child.hpp"
#include "context/report_text.hpp"
#include "context/rights.hpp"
#include "context/roster.hpp"
#include "sys/call.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/raw.hpp"
#include "sys/raw_mount.hpp"

namespace vs::context {

namespace {

Result<> require_administrator() {
    if (own_rights() == Rights::administrator && in_main_environment()) return {};
    return fail(Code::denied, "only root of the main environment may choose a context");
}

/// Everything that a child of these two ways needs.
struct Prepared {
    ChildPlan plan;
    std::string directory;
    std::vector<ViewStep> view;
    sys::SocketPair control;
};

Result<> prepare(const Wish& wish, const Command& command, Prepared& out) {
    out.control = TRY(sys::make_socket_pair());
    out.directory = sys::current_directory();
    out.plan.rights = Rights::administrator;
    out.plan.directory = out.directory.c_str();
    out.plan.new_session = wish.waiting == Waiting::detached;
    out.plan.argv = command.argv;
    out.plan.environment = command.environment;
    out.plan.signal_mask = command.signal_mask;
    out.plan.control = out.control.theirs.get();
    return {};
}

/// Reports until the command runs. One has its pid, where it is not our first child: what a process says that others may trace.
Result<pid_t> hear(Prepared& prepared) {
    prepared.control.theirs.reset();
    pid_t pid = 0;
    for (;;) {
        Report report;
        const int got = sys::raw::receive_bytes(prepared.control.ours.get(), &report, sizeof report);
        if (got < 0) return std::unexpected<Error>(sys::error_from(-got, "hear from the command"));
        if (got == 0) return pid;
        if (report.step != Step::none) return std::unexpected<Error>(report_error(report, prepared.plan));
        pid = static_cast<pid_t>(report.number);
    }
}

/// The namespaces in which the context's members are. The clocks are those of its first process's children.
struct Doors {
    sys::PidFd init;
    std::uint64_t namespaces = 0;
    sys::Fd clocks;
    CountedGroup group;
};

Result<Doors> open_doors(const Record& record) {
    Doors doors{TRY(sys::open_pidfd(record.init)), namespaces_of(record.areas), {}, {}};
    auto start = sys::start_time(record.init);
    if (!start || *start != record.init_start) return fail(Code::not_running, "context {} has just ended", record.number);
    if (is_counted(record.flags, Rights::administrator)) doors.group = TRY(counted_group_of(record.init));
    if ((record.areas & kTime) != 0)
        doors.clocks = TRY(sys::open_at(sys::kHere, fmt::format("/proc/{}/ns/time_for_children", record.init), O_RDONLY));
    return doors;
}

void check(const ChildPlan& plan, Step step, int outcome) {
    if (outcome >= 0) return;
    const Report report{.step = step, .errno_value = -outcome};
    (void)sys::raw::send_bytes(plan.control, &report, sizeof report);
    sys::raw::exit_now(125);
}

/// The child that joins. Its own child is the command, a sibling of it: born inside, and our caller's to wait for. Root of the context may trace
/// whatever is seen there, so nothing is left to be taken from it: no capability above the ceiling, no descriptor that leads out.
[[noreturn]] void join_and_run(const ChildPlan& plan, const Doors& doors) {
    check(plan, Step::join, sys::raw::forbid_dump());
    join_groups(plan);
    const int descriptors = sys::raw::list_descriptors();
    if (doors.clocks.is_open()) check(plan, Step::join, sys::raw::join_namespaces(doors.clocks.get(), CLONE_NEWTIME));
    check(plan, Step::join, sys::raw::join_namespaces(doors.init.get(), doors.namespaces));
    close_in(plan, descriptors);
    const pid_t command = sys::raw::fork_sibling();
    check(plan, Step::fork, command);
    if (command == 0) become_entrant(plan);
    const Report report{.number = static_cast<std::uint64_t>(command)};
    (void)sys::raw::send_bytes(plan.control, &report, sizeof report);
    sys::raw::exit_now(0);
}

Result<Running> make_registered(Registry& registry, const Choice& choice, Wish& wish, const Command& command) {
    Record record{.number = choice.number != 0 ? choice.number : TRY(registry.free_number()),
                  .name = choice.name,
                  .home = sys::raw::pid_namespace(),
                  .areas = wish.areas | (wish.host_name.empty() && wish.domain_name.empty() ? 0 : kNames),
                  .flags = wish.flags,
                  .keep = wish.keep,
                  .no_new_privileges = wish.no_new_privileges};
    if ((wish.areas & kProcesses) == 0) return fail(Code::usage, "a context that can be entered again needs the area 'proc'");
    wish.record = Registry::path_of(record.number);
    wish.announce = [&registry, record, tell = std::move(wish.announce)](const Born& born) mutable -> Result<> {
        record.init = born.init;
        record.processes = born.number;
        record.init_start = TRY(sys::start_time(born.init));
        TRY(registry.add(record));
        return tell ? tell({record.number, born.init}) : Result<>();
    };
    auto running = TRY(begin(wish, command));
    running.context.number = record.number;
    return running;
}

}  // namespace

Result<Running> enter(const Record& record, const Wish& wish, const Command& command) {
    TRY(require_administrator());
    if ((record.flags & kPrivate) != 0) return fail(Code::denied, "context {} is private: nobody enters it", record.number);
    if (record.home != sys::raw::pid_namespace()) return fail(Code::denied, "context {} belongs to another environment", record.number);
    auto doors = TRY(open_doors(record));
    Prepared prepared;
    TRY(prepare(wish, command, prepared));
    auto& plan = prepared.plan;
    plan.areas = record.areas & kProcesses;
    plan.flags = record.flags & kLock;
    const auto keep = model::CapabilitySet::from_bits(record.keep.bits() & wish.keep.bits());
    const bool nothing_new = record.no_new_privileges || wish.no_new_privileges;
    plan.ceiling = {.capabilities = keep, .new_privileges = nothing_new ? NewPrivileges::none : NewPrivileges::allowed};
    plan.tasks = &doors.group.tasks;
    auto child = TRY(sys::clone_process({.flags = 0, .cgroup = doors.group.birthplace.is_open() ? &doors.group.birthplace : nullptr}));
    if (child.pid == 0) join_and_run(plan, doors);
    auto pid = hear(prepared);
    TRY(sys::reap(child.pidfd));
    if (!pid) return std::unexpected<Error>(pid.error());
    auto process = TRY(sys::open_pidfd(*pid));
    if (!sys::is_own_child(process)) return fail(Code::failed, "what went into context {} names process {}, which is another's", record.number, *pid);
    if (wish.announce) TRY(wish.announce({record.number, record.init}));
    return Running{{record.number, *pid}, std::move(process), {}, {}};
}

Result<Running> begin_chosen(const Choice& choice, Wish wish, const Command& command) {
    TRY(require_administrator());
    if (choice.number == kSpectator) return spectate(wish, command);
    std::optional<Record> record;
    {
        auto registry = TRY(Registry::open());
        if (const Record* found = registry.find(choice)) record = *found;
        else return make_registered(registry, choice, wish, command);
    }
    // Nobody else waits for the registry meanwhile: a context can hold up what enters it.
    return enter(*record, wish, command);
}

Result<Running> spectate(const Wish& wish, const Command& command) {
    TRY(require_administrator());
    Prepared prepared;
    TRY(prepare(wish, command, prepared));
    prepared.view = {{.kind = ViewStep::Kind::cover, .path = "/proc", .type = "proc"}};
    prepared.plan.areas = kProcesses;
    prepared.plan.view = &prepared.view;
    if (wish.announce) TRY(wish.announce({kSpectator, 0}));
    auto child = TRY(sys::clone_process({.flags = CLONE_NEWNS | CLONE_NEWIPC}));
    if (child.pid == 0) become_spectator(prepared.plan);
    auto heard = hear(prepared);
    if (!heard) {
        TRY(sys::reap(child.pidfd));
        return std::unexpected<Error>(heard.error());
    }
    return Running{{kSpectator, child.pid}, std::move(child.pidfd), {}, {}};
}

}  // namespace vs::context
