#include "guard/host_view.hpp"

#include <algorithm>
#include <cerrno>
#include <set>

#include "server/cgroups.hpp"
#include "sys/file.hpp"

namespace vs::guard {

namespace {

bool lies_in(std::string_view path, std::string_view directory) {
    return path == directory || (path.starts_with(directory) && path[directory.size()] == '/');
}

using Mounts = std::vector<sys::MountEntry>;

/// Ours cover files and directories of /proc and /sys with the void's empty ones (server/root.cpp). They are all of one file system, and
/// came before any of the guest's.
bool is_mask(const sys::MountEntry& mount, const Mounts& mounts) {
    auto looks_so = [](const sys::MountEntry& any) { return any.type == "tmpfs" && (any.root == "/empty" || any.root == "/nothing"); };
    auto first = std::ranges::find_if(mounts, looks_so);
    return looks_so(mount) && mount.device == first->device;
}

/// A part of a tree bound to its own place, as systemd does to make it read-only for a service. The tree is one that is expected itself, or
/// whoever covers "/" with his own could show parts of that.
bool shows_what_is_there(const sys::MountEntry& mount, const Mounts& expected) {
    auto is_tree_of = [&](const sys::MountEntry& tree) {
        auto point = tree.point == "/" ? std::string() : tree.point;
        return tree.root == "/" && tree.device == mount.device && mount.root != "/" && point + mount.root == mount.point;
    };
    return std::ranges::any_of(expected, is_tree_of);
}

/// Places of which nothing is expected, nor of anything in them: /var is such a place, but crontabs and the packages' list lie there.
bool may_be_covered(const std::string& point, const Policy& policy) {
    return policy.of_path(point) == Expectation::ignored && !policy.expects_below(point);
}

/// Without a network of its own the server's sockets are told by their owner.
std::vector<sys::OpenSocket> only_of(std::vector<sys::OpenSocket> sockets, const model::ServerNumber& number) {
    constexpr std::uint32_t kIds = 65536;
    std::erase_if(sockets, [&](const auto& socket) { return socket.uid < number.first_id() || socket.uid >= number.first_id() + kIds; });
    return sockets;
}

}  // namespace

Result<std::vector<pid_t>> processes_of(const server::Server& server) {
    return server::all_processes(TRY(server::CgroupHost::open()), server.name.text());
}

Result<std::vector<sys::OpenSocket>> sockets_of(const server::Server& server, const server::RunState& run) {
    if (server.settings.network.kind == model::NetworkKind::host) return only_of(TRY(sys::open_sockets()), run.number);
    return sys::open_sockets_of(TRY(sys::open_pidfd(run.init)));
}

Result<HostView> look_from_host(const server::Server& server, const server::RunState& run) {
    HostView view;
    auto proc = TRY(sys::open_dir(sys::kHere, "/proc"));
    for (pid_t pid : TRY(processes_of(server)))
        if (auto task = TRY(sys::read_task(proc, pid, 1))) view.tasks.push_back(std::move(*task));
    view.sockets = TRY(sockets_of(server, run));
    constexpr std::size_t kLargestTable = 64 << 20;
    view.mounts = sys::parse_mount_table(TRY(sys::read_file(proc, fmt::format("{}/mountinfo", run.init), kLargestTable)));
    return view;
}

std::vector<sys::MountEntry> foreign_mounts(const std::vector<sys::MountEntry>& mounts, const model::Settings& settings) {
    auto policy = Policy::of(settings.guard);
    std::set<std::string> ours = {"/", "/proc", "/sys", "/sys/fs/cgroup"}, seen;
    ours.insert(settings.volumes.begin(), settings.volumes.end());
    for (const auto& mount : settings.mounts) ours.insert(mount.to);
    Mounts expected, foreign;
    for (const auto& mount : mounts) {
        const bool first = seen.insert(mount.point).second;
        const bool of_kernel = lies_in(mount.point, "/proc") || lies_in(mount.point, "/sys");
        const bool is_ours = first && ours.contains(mount.point);
        const bool may_be = of_kernel ? !settings.nesting && is_mask(mount, mounts) : may_be_covered(mount.point, policy);
        if (is_ours || may_be) expected.push_back(mount);
        else if (!shows_what_is_there(mount, expected)) foreign.push_back(mount);
    }
    return foreign;
}

}  // namespace vs::guard
