#include "context/context_child.hpp"

#include <linux/sched.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "context/reaper_protocol.hpp"
#include "context/trap_filter.hpp"
#include "sys/capability.hpp"
#include "sys/raw.hpp"
#include "sys/raw_mount.hpp"
#include "sys/seccomp.hpp"

namespace vs::context {

namespace {

namespace raw = sys::raw;

[[noreturn]] void fail_with(const ChildPlan& plan, const Report& report) noexcept {
    (void)raw::send_bytes(plan.control, &report, sizeof report);
    raw::exit_now(125);
}

/// Goes on where the outcome is none of failure.
void check(const ChildPlan& plan, Step step, int outcome, std::uint32_t index = 0) noexcept {
    if (outcome < 0) fail_with(plan, {.step = step, .errno_value = -outcome, .index = index});
}

void map_ids(const ChildPlan& plan) noexcept {
    if (plan.rights != Rights::user) return;
    check(plan, Step::map_ids, raw::write_text("/proc/self/uid_map", plan.uid_map));
    check(plan, Step::map_ids, raw::write_text("/proc/self/setgroups", "deny"));
    check(plan, Step::map_ids, raw::write_text("/proc/self/gid_map", plan.gid_map));
}

/// Tells the number, and waits where the parent has something to do first; a parent that is gone wants nothing any more.
void meet_parent(const ChildPlan& plan) noexcept {
    const Report hello{.number = raw::pid_namespace()};
    check(plan, Step::map_ids, raw::send_bytes(plan.control, &hello, sizeof hello));
    char go = 0;
    if (!plan.waits) return;
    if (raw::receive_bytes(plan.control, &go, sizeof go) != 1) raw::exit_now(125);
}

/// The kernel leaves a pinned mount namespace out of a copy that is younger (mnt_ns_loop() in fs/namespace.c).
bool is_gone(const ViewStep& step, int outcome) noexcept {
    return step.kind == ViewStep::Kind::remove && step.type == "nsfs" && outcome == -EINVAL;
}

/// A mount that a new one replaces is set aside: they are all detached together.
int take_away(const ViewStep& step, raw::SetAside& aside) noexcept {
    if (step.kind == ViewStep::Kind::cover) return 0;
    if (step.kind == ViewStep::Kind::renew) return raw::set_aside(aside, step.path.c_str());
    const int outcome = raw::detach(step.path.c_str());
    return is_gone(step, outcome) ? 0 : outcome;
}

int mount_step(const ViewStep& step, raw::SetAside& aside) noexcept {
    if (step.kind == ViewStep::Kind::protect) {
        const int outcome = raw::make_read_only(step.path.c_str());
        return outcome == -EINVAL || outcome == -ENOENT ? 0 : outcome;  // another mount covers it
    }
    constexpr std::size_t kMostOptions = 16, kMostCarried = 32;
    std::array<raw::Option, kMostOptions> options{};
    std::array<int, kMostCarried> carried{};
    if (step.options.size() > kMostOptions || step.carried.size() > kMostCarried) return -E2BIG;
    for (std::size_t i = 0; i < step.options.size(); ++i) {
        const auto& [key, value] = step.options[i];
        options[i] = {key.c_str(), value.empty() ? nullptr : value.c_str()};
    }
    for (std::size_t i = 0; i < step.carried.size(); ++i)
        if ((carried[i] = raw::copy_mounts(step.carried[i].c_str())) < 0) return carried[i];
    if (int outcome = take_away(step, aside); outcome < 0) return outcome;
    if (step.kind == ViewStep::Kind::remove) return 0;
    int outcome = raw::mount_new({step.type.c_str(), options.data(), step.options.size(), step.attributes}, step.path.c_str());
    for (std::size_t i = 0; outcome == 0 && i < step.carried.size(); ++i) outcome = raw::place_mounts(carried[i], step.carried[i].c_str());
    return outcome;
}

void make_view(const ChildPlan& plan) noexcept {
    if (plan.view == nullptr) return;
    check(plan, Step::private_mounts, raw::make_mounts_private());
    raw::SetAside aside;
    for (std::uint32_t i = 0; i < plan.view->size(); ++i) check(plan, Step::view, mount_step((*plan.view)[i], aside), i);
    check(plan, Step::old_mounts, raw::detach(aside));
}

std::size_t length_of(const char* text) noexcept { return std::char_traits<char>::length(text); }

void name_host(const ChildPlan& plan) noexcept {
    if (plan.host_name != nullptr) check(plan, Step::host_name, raw::set_host_name(plan.host_name, length_of(plan.host_name)));
    if (plan.domain_name != nullptr) check(plan, Step::domain_name, raw::set_domain_name(plan.domain_name, length_of(plan.domain_name)));
}

/// A time namespace is entered by our children only, and its offsets can be set until then.
void set_clocks(const ChildPlan& plan) noexcept {
    if (plan.clock_offsets == nullptr) return;
    check(plan, Step::clocks, raw::new_time_namespace());
    check(plan, Step::clocks, raw::write_text("/proc/self/timens_offsets", plan.clock_offsets));
}

/// Root has every capability in the user namespace that owns his mounts, and could uncover what lies below them.
void lock_mounts(const ChildPlan& plan) noexcept {
    if (!plan.lock_mounts) return;
    check(plan, Step::lock_mounts, raw::lock_mounts(plan.uid_map, plan.gid_map));
}

void drop_descriptors(const ChildPlan& plan, int list) noexcept {
    if ((plan.areas & kProcesses) != 0) check(plan, Step::descriptors, raw::drop_descriptors_out(list));
}

void enter_directory(const ChildPlan& plan) noexcept {
    if (plan.directory == nullptr || raw::change_dir(plan.directory) < 0) (void)raw::change_dir("/");
}

[[noreturn]] void run_command(const ChildPlan& plan) noexcept {
    if (plan.new_session) check(plan, Step::session, raw::new_session());
    raw::restore_signal_mask(plan.signal_mask);
    check(plan, Step::command, raw::execute_of_caller(plan.argv[0], plan.argv, plan.environment));
    raw::exit_now(125);
}

[[noreturn]] void become_reaper(const ChildPlan& plan, pid_t command) noexcept {
    std::array<char, 16> pid{};
    std::to_chars(pid.data(), pid.data() + pid.size() - 1, command);
    char name[] = "vserver-reaper";
    char* argv[] = {name, pid.data(), const_cast<char*>(plan.record), const_cast<char*>(plan.status >= 0 ? reaper::kTold : reaper::kAlone), nullptr};
    char* environment[] = {nullptr};
    if (plan.status >= 0) check(plan, Step::reaper, raw::keep_as(plan.status, reaper::kStatusFd));
    check(plan, Step::reaper, raw::execute(plan.reaper, argv, environment));
    raw::exit_now(125);
}

int enter_command(void* plan) noexcept { run_command(*static_cast<const ChildPlan*>(plan)); }

pid_t fork_command(const ChildPlan& plan) noexcept {
    if (plan.clock_offsets == nullptr) return raw::fork_borrowing(enter_command, const_cast<ChildPlan*>(&plan));
    const pid_t pid = raw::fork_process();
    if (pid == 0) run_command(plan);
    return pid;
}

}  // namespace

void join_groups(const ChildPlan& plan) noexcept {
    if (plan.tasks == nullptr) return;
    for (const auto& tasks : *plan.tasks) check(plan, Step::groups, raw::join_cgroup1(tasks.get()));
}

/// The ceiling and the filter are the reaper's too: nothing inside could use it to get above them. Nor is there anything to be taken from it while it
/// is not yet the reaper: a descriptor, its directory, its memory.
void close_in(const ChildPlan& plan, int descriptors) noexcept {
    (void)raw::forbid_dump();  // what our caller has in its memory is not the command's; never fails (prctl(2))
    drop_descriptors(plan, descriptors);
    if ((plan.flags & kUlimit) != 0) check(plan, Step::limits, raw::fix_limits());
    if ((plan.areas & kUsers) != 0) check(plan, Step::keyring, raw::join_new_session_keyring());
    if (plan.rights == Rights::user) check(plan, Step::filter, sys::set_no_new_privileges_raw());
    const auto filter = trap_filter((plan.flags & kLock) != 0 ? Trap::locked : Trap::plain);
    check(plan, Step::filter, sys::load_filter_raw(filter.data(), filter.size()));
    const auto outcome = apply_ceiling_raw(plan.ceiling);
    if (!outcome.ok()) fail_with(plan, {.step = Step::ceiling, .ceiling = outcome, .errno_value = outcome.errno_value});
    if (plan.clear_sets) check(plan, Step::ceiling, sys::set_capabilities_raw({}));
    enter_directory(plan);
}

void become_context(const ChildPlan& plan) noexcept {
    join_groups(plan);
    if (plan.own_group_view) check(plan, Step::groups, raw::unshare(CLONE_NEWCGROUP));
    map_ids(plan);
    meet_parent(plan);
    make_view(plan);
    name_host(plan);
    set_clocks(plan);
    lock_mounts(plan);
    close_in(plan, raw::list_descriptors());
    if (plan.reaper == nullptr) run_command(plan);
    const pid_t command = fork_command(plan);
    check(plan, Step::fork, command);
    become_reaper(plan, command);
}

void become_spectator(const ChildPlan& plan) noexcept {
    const auto id = kSpectatorIds + static_cast<std::uint32_t>(raw::process_id());
    make_view(plan);
    drop_descriptors(plan, raw::list_descriptors());
    check(plan, Step::filter, sys::set_no_new_privileges_raw());
    const auto filter = trap_filter(Trap::plain);
    check(plan, Step::filter, sys::load_filter_raw(filter.data(), filter.size()));
    check(plan, Step::identity, raw::become_user(id, id, nullptr, 0));  // and with root go all capabilities
    check(plan, Step::identity, sys::set_capabilities_raw({}));
    enter_directory(plan);
    run_command(plan);
}

void become_entrant(const ChildPlan& plan) noexcept { run_command(plan); }

}  // namespace vs::context
