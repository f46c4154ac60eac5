#include "context/counted_group.hpp"

#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "context/context_groups.hpp"
#include "context/group_root.hpp"
#include "sys/cgroup.hpp"
#include "sys/file.hpp"
#include "sys/limits.hpp"
#include "sys/process.hpp"

namespace vs::context {

namespace {

const std::string kMount = "/sys/fs/cgroup/";
const std::string kCounted = ".counted-";
const std::string kLeaf = "processes";
constexpr unsigned kMost = 100'000;

/// A controller, and the hierarchy that has it.
struct Hierarchy {
    std::string controller;
    sys::CgroupVersion version = sys::CgroupVersion::v2;
    std::string mount;
    [[nodiscard]] bool is_first() const { return version == sys::CgroupVersion::v1; }
};

Result<Hierarchy> hierarchy_of(const std::string& controller) {
    const auto first = kMount + controller;
    if (TRY(sys::cgroup_version_at(first)) == sys::CgroupVersion::v1) return Hierarchy{controller, sys::CgroupVersion::v1, first};
    auto mount = TRY(cgroup2_mount());
    return Hierarchy{controller, sys::CgroupVersion::v2, std::move(mount)};
}

std::vector<std::string> controllers_for(Flags flags, Rights rights) {
    std::vector<std::string> out;
    if ((flags & kSched) != 0) out.emplace_back("cpu");
    if ((flags & kNproc) != 0 && rights == Rights::administrator) out.emplace_back("pids");
    return out;
}

bool has_word(std::string_view text, char separator, std::string_view word) {
    const auto words = base::split(text, separator);
    return std::ranges::find(words, word) != words.end();
}

/// The path of a process's group, by a line "NUMBER:CONTROLLER,...:/PATH" of its /proc/PID/cgroup.
Result<std::string> place_on(const Hierarchy& hierarchy, pid_t pid) {
    if (!hierarchy.is_first()) return group_of(pid);
    const auto text = TRY(sys::read_file(sys::kHere, fmt::format("/proc/{}/cgroup", pid)));
    for (auto line : base::split(text, '\n')) {
        auto parts = base::split(line, ':');
        if (parts.size() != 3 || !has_word(parts[1], ',', hierarchy.controller)) continue;
        return hierarchy.mount + (parts[2] == "/" ? std::string() : std::string(parts[2]));
    }
    return fail(Code::unsupported, "process {} is in no control group with the controller '{}'", pid, hierarchy.controller);
}

std::string above(const std::string& path) { return path.substr(0, path.rfind('/')); }
bool is_in_counted(const std::string& path) { return path.find("/" + kCounted) != std::string::npos; }

Error none_to_give(const Hierarchy& hierarchy, const std::string& why) {
    return {Code::unsupported, 0,
            fmt::format("there is no control group with the controller '{}' to count the context by ({}): 'systemd-run --scope chcontext ...', with "
                        "--user for a user, makes one", hierarchy.controller, why),
            {}};
}

/// Lets the groups in `path` have the controller. It may be that it is so and that we could not make it so.
Result<> hand_down(const Hierarchy& hierarchy, const std::string& path) {
    auto has = [&](const char* file) -> Result<bool> {
        const auto text = TRY(sys::read_file(sys::kHere, fmt::format("{}/{}", path, file)));
        return has_word(base::trim(text), ' ', hierarchy.controller);
    };
    if (TRY(has("cgroup.subtree_control"))) return {};
    if (!TRY(has("cgroup.controllers"))) return std::unexpected<Error>(none_to_give(hierarchy, fmt::format("{} has none", path)));
    auto done = sys::write_kernel_file(sys::kHere, path + "/cgroup.subtree_control", "+" + hierarchy.controller);
    return done ? done : Result<>(std::unexpected<Error>(none_to_give(hierarchy, done.error().message())));
}

Result<std::string> our_root(const Hierarchy& hierarchy) {
    const auto root = hierarchy.is_first() ? hierarchy.mount + "/vservers" : TRY(group_root());
    TRY(sys::make_dir(sys::kHere, root, 0755, sys::IfExists::keep));
    if (!hierarchy.is_first()) TRY(hand_down(hierarchy, above(root)));
    return root;
}

/// Where this caller's new group goes.
Result<std::string> parent_for(const Hierarchy& hierarchy, Rights rights) {
    const auto own = TRY(place_on(hierarchy, sys::own_pid()));
    if (own.find("/..") != std::string::npos) return std::unexpected<Error>(none_to_give(hierarchy, "ours is out of sight"));
    if (is_in_counted(own)) return fail(Code::unsupported, "this context counts as one already, and so does whatever is made in it: leave out 'sched' and 'nproc'");
    if (rights == Rights::user) return hierarchy.is_first() ? own : above(own);
    if (!hierarchy.is_first() && TRY(lock_around(sys::own_pid())))
        return fail(Code::unsupported, "the context would leave the control group of its address lock: begin with chcontext, and lock inside");
    return our_root(hierarchy);
}

/// Removes a group of ours that nobody lives in or claims.
void remove_abandoned(sys::FdRef parent, const std::string& name) {
    auto dir = sys::open_dir(parent, name);
    if (!dir || !sys::lock_fd(*dir, sys::LockWait::fail_if_held)) return;
    (void)sys::remove_dir(*dir, kLeaf);
    (void)sys::remove_dir(parent, name);
}

/// One that is lived in, or has others below, is busy.
Result<> sweep(sys::FdRef parent) {
    for (const auto& name : TRY(sys::list_dir(parent)))
        if (name.starts_with(kCounted)) remove_abandoned(parent, name);
    return {};
}

/// The smallest number that is free, and its claim. Whoever sweeps may remove it before it is claimed: then the next.
Result<std::pair<std::string, sys::Fd>> make_numbered(const Hierarchy& hierarchy, const std::string& path) {
    auto parent = TRY(sys::open_dir(sys::kHere, path));
    TRY(sweep(parent));
    for (unsigned number = 1; number < kMost; ++number) {
        const auto name = kCounted + std::to_string(number);
        auto made = sys::make_dir(parent, name, 0755, sys::IfExists::fail);
        if (!made && made.error().errno_value == EEXIST) continue;
        if (!made) return std::unexpected<Error>(none_to_give(hierarchy, made.error().message()));
        auto claim = sys::open_dir(parent, name);
        if (!claim || !sys::lock_fd_shared(*claim) || !TRY(sys::exists(parent, name))) continue;
        return std::pair(path + "/" + name, sys::Fd(claim->release()));
    }
    return fail(Code::busy, "there are {} contexts that count as one", kMost);
}

Result<> set_limit(const Hierarchy& hierarchy, const std::string& path) {
    if (hierarchy.controller != "pids") return {};  // a group has the weight of one process
    const auto limit = TRY(sys::own_limit(RLIMIT_NPROC)).soft;
    return sys::write_kernel_file(sys::kHere, path + "/pids.max", std::to_string(limit));
}

Result<> enter_version2(const std::string& leaf, CountedGroup& out) {
    out.birthplace = TRY(sys::open_dir(sys::kHere, leaf));
    return {};
}

Result<> add(const Hierarchy& hierarchy, Rights rights, CountedGroup& out) {
    const bool has_second = !hierarchy.is_first() && out.birthplace.is_open();
    const auto parent = has_second ? above(out.paths.back()) : TRY(parent_for(hierarchy, rights));
    if (!hierarchy.is_first()) TRY(hand_down(hierarchy, parent));
    if (!has_second) {
        auto [path, claim] = TRY(make_numbered(hierarchy, parent));
        out.paths.push_back(path);
        out.claims.push_back(std::move(claim));
        if (!hierarchy.is_first()) TRY(sys::make_dir(sys::kHere, path + "/" + kLeaf, 0755, sys::IfExists::fail));
    }
    const auto& path = out.paths.back();
    TRY(set_limit(hierarchy, path));
    if (!hierarchy.is_first()) return enter_version2(path + "/" + kLeaf, out);
    out.tasks.push_back(TRY(sys::open_at(sys::kHere, path + "/tasks", O_WRONLY)));
    return {};
}

}  // namespace

bool is_counted(Flags flags, Rights rights) { return !controllers_for(flags, rights).empty(); }

Result<CountedGroup> make_counted_group(Flags flags, Rights rights) {
    CountedGroup group;
    const auto controllers = controllers_for(flags, rights);
    if (std::ranges::find(controllers, "pids") != controllers.end() && TRY(sys::own_limit(RLIMIT_NPROC)).soft == ~std::uint64_t{0})
        return fail(Code::usage, "the flag 'nproc' needs a limit of processes: set one by 'ulimit -u N'");
    for (const auto& controller : controllers) {
        auto added = add(TRY(hierarchy_of(controller)), rights, group);
        if (added) continue;
        group.claims.clear();
        remove_counted_group(group);
        return std::unexpected<Error>(added.error());
    }
    return group;
}

Result<CountedGroup> counted_group_of(pid_t first_process) {
    CountedGroup group;
    for (const char* controller : {"cpu", "pids"}) {
        const auto hierarchy = TRY(hierarchy_of(controller));
        const auto path = TRY(place_on(hierarchy, first_process));
        if (!is_in_counted(path)) continue;
        if (!hierarchy.is_first()) TRY(enter_version2(path, group));
        else group.tasks.push_back(TRY(sys::open_at(sys::kHere, path + "/tasks", O_WRONLY)));
    }
    return group;
}

void remove_counted_group(const CountedGroup& group) {
    for (const auto& path : group.paths)
        if (auto parent = sys::open_dir(sys::kHere, above(path))) remove_abandoned(*parent, path.substr(path.rfind('/') + 1));
}

Result<bool> is_counted_by_version2(pid_t pid) { return is_in_counted(TRY(group_of(pid))); }

}  // namespace vs::context
