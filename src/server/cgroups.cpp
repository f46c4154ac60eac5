#include "server/cgroups.hpp"

#include <fcntl.h>

#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "context/group_root.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

using sys::FdRef;

const std::string kMount = "/sys/fs/cgroup";
// A server is called by a letter or a digit first: whoever stops one ends everything in its group, and this is everybody's.
const std::string kKeepers = ".keepers";
const std::string kView = "view";
constexpr std::array<const char*, 3> kControllers = {"memory", "pids", "cpu"};
constexpr std::uint32_t kCpuPeriod = 100'000;  // microseconds, the kernel's default
constexpr sys::Milliseconds kKillLimit{20'000};

/// Hands controllers down to the children of a group. Fails where one was refused, because a limit could not be applied then.
Result<> enable_controllers(FdRef group) {
    auto enabled = TRY(sys::read_kernel_file(group, "cgroup.subtree_control"));
    for (const char* controller : kControllers) {
        if (enabled.find(controller) != std::string::npos) continue;
        TRY_WITH(sys::write_kernel_file(group, "cgroup.subtree_control", fmt::format("+{}", controller)),
                 "enable the controller '{}' for servers", controller);
    }
    return {};
}

Result<sys::DirFd> make_group(FdRef parent, const std::string& name) { return sys::open_or_make_dir(parent, name, 0755); }

Result<std::vector<CgroupHost::V1>> open_v1() {
    std::vector<CgroupHost::V1> found;
    for (const char* controller : kControllers) {
        auto path = kMount + "/" + controller;
        if (TRY(sys::cgroup_version_at(path)) != sys::CgroupVersion::v1) continue;
        auto group = TRY(make_group(sys::kHere, path + "/vservers"));
        found.push_back({controller, std::move(group)});
    }
    return found;
}

struct MemoryFiles {
    const char* memory;
    const char* swap;          ///< missing where the kernel does not account for swap
    std::uint64_t swap_bytes;  ///< version 1 counts memory and swap together there
};

/// As much swap as memory: without a bound of its own a small server may fill the whole host's.
Result<> limit_memory(FdRef group, std::uint64_t bytes, const MemoryFiles& files) {
    TRY(sys::write_kernel_file(group, files.memory, std::to_string(bytes)));
    if (!TRY(sys::exists(group, files.swap))) return {};
    return sys::write_kernel_file(group, files.swap, std::to_string(files.swap_bytes));
}

Result<> write_limits_v2(FdRef group, const model::Limits& limits) {
    TRY(sys::write_kernel_file(group, "pids.max", limits.processes == 0 ? "max" : std::to_string(limits.processes)));
    if (limits.memory) TRY(limit_memory(group, *limits.memory, {"memory.max", "memory.swap.max", *limits.memory}));
    if (limits.cpu_weight) TRY(sys::write_kernel_file(group, "cpu.weight", std::to_string(*limits.cpu_weight)));
    if (limits.cpu_percent)
        TRY(sys::write_kernel_file(group, "cpu.max", fmt::format("{} {}", std::uint64_t{kCpuPeriod} * *limits.cpu_percent / 100, kCpuPeriod)));
    return {};
}

Result<> write_limits_v1(const std::string& controller, FdRef group, const model::Limits& limits) {
    if (controller == "pids") return sys::write_kernel_file(group, "pids.max", limits.processes == 0 ? "max" : std::to_string(limits.processes));
    if (controller == "memory" && limits.memory)
        return limit_memory(group, *limits.memory, {"memory.limit_in_bytes", "memory.memsw.limit_in_bytes", 2 * *limits.memory});
    if (controller != "cpu") return {};
    if (limits.cpu_weight) TRY(sys::write_kernel_file(group, "cpu.shares", std::to_string(std::max<std::uint64_t>(2, std::uint64_t{*limits.cpu_weight} * 1024 / 100))));
    if (limits.cpu_percent) TRY(sys::write_kernel_file(group, "cpu.cfs_quota_us", std::to_string(std::uint64_t{kCpuPeriod} * *limits.cpu_percent / 100)));
    return {};
}

/// The server's root may make groups below its own and move its processes between them (cgroups(7), delegation).
Result<> delegate(FdRef parent, std::uint32_t owner) {
    for (const char* file : {"guest", "guest/cgroup.procs", "guest/cgroup.threads", "guest/cgroup.subtree_control"})
        TRY(sys::change_owner(parent, file, owner, owner));
    return {};
}

/// A guest may not make the kernel walk trees of any depth and width.
Result<> bound_subgroups(FdRef group) {
    TRY(sys::write_kernel_file(group, "cgroup.max.depth", "32"));
    return sys::write_kernel_file(group, "cgroup.max.descendants", "4096");
}

Result<> make_v1(const CgroupHost::V1& v1, const std::string& name, const model::Limits& limits) {
    TRY(sys::make_dir(v1.root, name, 0755, sys::IfExists::keep));
    if (v1.controller == "pids" || limits.memory || limits.cpu_weight || limits.cpu_percent)
        return write_limits_v1(v1.controller, TRY(sys::open_dir(v1.root, name)), limits);
    return {};
}

Result<> join_v1(const CgroupHost& host, const std::string& name, const model::Limits* limits, CgroupEntry& entry) {
    for (const auto& v1 : host.v1()) {
        if (limits != nullptr) TRY_WITH(make_v1(v1, name, *limits), "apply the {} limits", v1.controller);
        entry.v1_tasks.push_back(TRY(sys::open_at(v1.root, name + "/tasks", O_WRONLY)));
    }
    return {};
}

/// What ends meanwhile does not matter; nor does a threaded group, whose processes its domain lists.
void collect_processes(FdRef group, std::vector<pid_t>& pids) {
    auto own = sys::cgroup_processes(group);
    if (own) pids.insert(pids.end(), own->begin(), own->end());
    auto entries = sys::list_dir(group);
    if (!entries) return;
    for (const auto& entry : *entries)
        if (auto below = sys::open_at(group, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) collect_processes(*below, pids);
}

/// The groups below are the guest's, and it may remove them or make them unreadable meanwhile: then they are passed over. Their
/// depth is bounded by cgroup.max.depth.
void signal_group(const CgroupHost& host, const std::string& name, FdRef group, int signal) {
    if (auto processes = sys::cgroup_processes(group))
        for (pid_t pid : *processes)
            if (auto process = sys::open_pidfd(pid); process && belongs_to(host, name, pid).value_or(false))  // the number may be another's by now
                (void)sys::send_signal(*process, signal);
    if (auto entries = sys::list_dir(group))
        for (const auto& entry : *entries)
            if (auto below = sys::open_dir(group, entry)) signal_group(host, name, *below, signal);
}

/// The leaf in the guest's own part, so that its root may move what was entered into groups of its own.
Result<sys::DirFd> delegated_leaf(FdRef guest, std::uint32_t owner) {
    auto leaf = TRY(make_group(guest, ".vserver"));
    TRY(sys::change_owner(guest, ".vserver", owner, owner));
    TRY(sys::change_owner(leaf, "cgroup.procs", owner, owner));
    return leaf;
}

/// False where it is frozen, by the guest or by us, or the guest has made it threaded or enabled controllers in it.
bool takes_processes(FdRef group) {
    auto says = [&](const char* file, std::string_view text) {
        auto found = sys::read_file(group, file);
        return found && base::trim(*found) == text;
    };
    auto events = sys::read_file(group, "cgroup.events");  // those above count here
    const bool moves = events && events->find("frozen 0") != std::string::npos;
    return moves && says("cgroup.type", "domain") && says("cgroup.freeze", "0") && says("cgroup.subtree_control", "");
}

std::optional<std::uint64_t> read_number(FdRef dir, const std::string& file) {
    auto text = sys::read_file(dir, file);
    return text ? base::parse_number(base::trim(*text)) : std::nullopt;
}

std::optional<std::uint64_t> read_cpu_v2(FdRef group) {
    auto text = sys::read_file(group, "cpu.stat");
    if (!text || !text->starts_with("usage_usec ")) return std::nullopt;
    return base::parse_number(base::split(std::string_view(*text).substr(11), '\n').front());
}

}  // namespace

Result<CgroupHost> CgroupHost::open() {
    CgroupHost host;
    host.root_path_ = TRY(context::group_root());
    host.root_ = TRY(make_group(sys::kHere, host.root_path_));
    host.v1_ = TRY(open_v1());
    if (!host.unified()) return host;
    auto parent = TRY(sys::open_dir(host.root_, ".."));
    TRY(enable_controllers(parent));
    TRY(enable_controllers(host.root_));
    return host;
}

Result<sys::DirFd> CgroupHost::keepers() const { return make_group(root_, kKeepers); }

Result<CgroupEntry> create_cgroups(const CgroupHost& host, const std::string& name, const model::Limits& limits, std::uint32_t first_id) {
    CgroupEntry entry;
    TRY(sys::make_dir(host.root(), name, 0755, sys::IfExists::keep));
    auto outer = TRY(sys::open_dir(host.root(), name));
    TRY(bound_subgroups(outer));
    if (host.unified()) {
        TRY_WITH(write_limits_v2(outer, limits), "apply the limits");
        TRY(enable_controllers(outer));
    }
    TRY(sys::make_dir(outer, "guest", 0755, sys::IfExists::keep));
    entry.group = TRY(sys::open_dir(outer, "guest"));
    TRY(delegate(outer, first_id));
    TRY(join_v1(host, name, &limits, entry));
    return entry;
}

Result<CgroupEntry> open_cgroups(const CgroupHost& host, const std::string& name, std::uint32_t first_id) {
    CgroupEntry entry;
    auto outer = TRY(sys::open_dir(host.root(), name));
    auto guest = TRY(sys::open_dir(outer, "guest"));
    auto leaf = delegated_leaf(guest, first_id);
    entry.group = leaf && takes_processes(*leaf) ? std::move(*leaf) : TRY(make_group(outer, "entered"));
    TRY(join_v1(host, name, nullptr, entry));
    return entry;
}

Result<CgroupEntry> view_cgroups(const CgroupHost& host, const std::string& name) {
    CgroupEntry entry;
    entry.group = TRY(make_group(TRY(sys::open_dir(host.root(), name)), kView));
    TRY(join_v1(host, name, nullptr, entry));
    return entry;
}

void signal_everything(const CgroupHost& host, const std::string& name, int signal) {
    if (auto outer = sys::open_dir(host.root(), name)) signal_group(host, name, *outer, signal);
}

Result<std::vector<pid_t>> all_processes(const CgroupHost& host, const std::string& name) {
    std::vector<pid_t> pids;
    auto outer = sys::open_dir(host.root(), name);
    if (!outer && outer.error().errno_value == ENOENT) return pids;
    const auto group = TRY(std::move(outer));
    for (const auto& entry : TRY(sys::list_dir(group)))
        if (auto below = sys::open_at(group, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW); below && entry != kView) collect_processes(*below, pids);
    return pids;
}

Result<> kill_everything(const CgroupHost& host, const std::string& name) {
    auto outer = sys::open_dir(host.root(), name);
    if (!outer && outer.error().errno_value == ENOENT) return {};
    if (!outer) return std::unexpected<Error>(outer.error());
    TRY(sys::kill_cgroup(*outer));
    if (!TRY(sys::wait_unpopulated(*outer, kKillLimit)))
        return fail(Code::timeout, "processes of '{}' did not end within {} s of SIGKILL: they hang in the kernel (see 'vps {}')", name,
                    kKillLimit.count() / 1000, name);
    return {};
}

Result<> remove_cgroups(const CgroupHost& host, const std::string& name) {
    TRY(sys::remove_cgroup_tree(host.root(), name));
    for (const auto& v1 : host.v1()) TRY(sys::remove_cgroup_tree(v1.root, name));
    return {};
}

Result<bool> belongs_to(const CgroupHost& host, const std::string& name, pid_t pid) {
    auto text = sys::read_file(sys::kHere, fmt::format("/proc/{}/cgroup", pid));
    if (!text && sys::is_gone(text.error())) return false;
    if (!text) return std::unexpected<Error>(text.error());
    auto mount = TRY(context::cgroup2_mount());
    auto ours = fmt::format("{}/{}", host.root_path().substr(mount.size()), name);
    for (auto line : base::split(*text, '\n')) {
        if (!line.starts_with("0::")) continue;
        auto group = line.substr(3);
        return group == ours || group.starts_with(ours + "/");
    }
    return false;
}

Usage read_usage(const CgroupHost& host, const std::string& name) {
    Usage usage;
    auto identity = sys::open_dir(host.root(), name);
    if (!identity) return usage;
    usage.cpu_microseconds = read_cpu_v2(*identity);  // version 2 counts it whatever controllers it has
    if (host.unified()) {
        usage.memory_bytes = read_number(*identity, "memory.current");
        usage.processes = read_number(*identity, "pids.current");
    }
    for (const auto& v1 : host.v1()) {
        auto group = sys::open_dir(v1.root, name);
        if (!group) continue;
        if (v1.controller == "memory") usage.memory_bytes = read_number(*group, "memory.usage_in_bytes");
        if (v1.controller == "pids") usage.processes = read_number(*group, "pids.current");
    }
    return usage;
}

}  // namespace vs::server
