#include "server/root.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include <cerrno>
#include <span>

#include "base/text.hpp"
#include "model/accounts.hpp"
#include "server/guest_log.hpp"
#include "server/host_path.hpp"
#include "server/void_namespace.hpp"
#include "sys/call.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"
#include "sys/user_namespace.hpp"

namespace vs::server {

namespace {

using sys::FdRef;
using sys::Recursion;

constexpr std::uint64_t kInert = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr std::uint32_t kTtyGroup = 5;  // Debian and every other distribution

struct Device {
    const char* name;
    unsigned minor;
};
// The usual six; all of major 1 or 5 (Documentation/admin-guide/devices.txt).
constexpr Device kMemoryDevices[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
constexpr const char* kLinks[][2] = {{"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
                                     {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"}, {"core", "/proc/kcore"}};

// What a server's root could read about the host and its neighbours, and has no use for.
constexpr const char* kMaskedProcFiles[] = {"proc/kcore", "proc/kallsyms", "proc/keys", "proc/timer_list", "proc/interrupts",
                                            "proc/latency_stats", "proc/sched_debug"};
constexpr const char* kMaskedProcDirs[] = {"proc/acpi", "proc/scsi", "proc/asound"};
constexpr const char* kMaskedSysDirs[] = {"sys/firmware", "sys/kernel"};

/// A directory of the guest's tree to mount on, made where it is missing.
Result<sys::Fd> open_mount_point(FdRef root, const std::string& path) {
    auto found = sys::open_beneath(root, path, O_PATH | O_DIRECTORY);
    if (found || found.error().errno_value != ENOENT) return found;
    TRY(sys::make_dir(root, path, 0755, sys::IfExists::keep));
    return sys::open_beneath(root, path, O_PATH | O_DIRECTORY);
}

/// The same for a path of several parts, each of which may be missing; the last one is a file where the source is one.
Result<sys::Fd> open_deep_mount_point(FdRef root, std::string_view path, bool is_directory) {
    auto parts = base::split(path.substr(1), '/');
    sys::Fd at = TRY(sys::open_beneath(root, ".", O_PATH | O_DIRECTORY));
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) at = TRY(open_mount_point(at, std::string(parts[i])));
    std::string last(parts.back());
    if (is_directory) return open_mount_point(at, last);
    if (!TRY(sys::exists(at, last))) TRY(sys::open_beneath(at, last, O_WRONLY | O_CREAT | O_EXCL, 0644));
    return sys::open_beneath(at, last, O_PATH);
}

Result<> attach_at(const sys::MountFd& mount, FdRef root, const std::string& path) {
    auto point = TRY_WITH(open_mount_point(root, path), "open the mount point '/{}' of the server", path);
    return sys::attach(mount, point, "");
}

Result<> make_nodes(FdRef dev) {
    for (const auto& device : kMemoryDevices) TRY(sys::make_device(dev, device.name, 0666, 1, device.minor));
    TRY(sys::make_device(dev, "tty", 0666, 5, 0));
    for (const auto& link : kLinks) TRY(sys::make_symlink(dev, link[0], link[1]));
    for (const char* dir : {"pts", "shm", "mqueue"}) TRY(sys::make_dir(dev, dir, 0755, sys::IfExists::fail));
    TRY(sys::open_at(dev, "console", O_WRONLY | O_CREAT | O_EXCL, 0600));
    return {};
}

std::vector<sys::FsOption> owned_tmpfs(std::uint32_t owner, const char* mode, const char* size) {
    return {{"mode", mode}, {"size", size}, {"uid", std::to_string(owner)}, {"gid", std::to_string(owner)}};
}

/// /dev with its nodes, a devpts of its own whose first terminal is the console, and /dev/shm.
Result<sys::PtyPair> mount_dev(FdRef root, std::uint32_t first_id) {
    auto dev = TRY(sys::new_mount("tmpfs", owned_tmpfs(first_id, "0755", "1m"), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
    TRY(make_nodes(dev));
    TRY(attach_at(dev, root, "dev"));
    auto gid = std::to_string(first_id + kTtyGroup);
    // `max` keeps one server from taking every terminal of the machine (kernel.pty.max is 4096 for all of them).
    auto pts = TRY(sys::new_mount("devpts", {{"mode", "0620"}, {"ptmxmode", "0666"}, {"gid", gid}, {"max", "128"}},
                                  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
    TRY(sys::attach(pts, dev, "pts"));
    auto shm = TRY(sys::new_mount("tmpfs", owned_tmpfs(first_id, "1777", "50%"), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
    TRY(sys::attach(shm, dev, "shm"));
    auto console = TRY(sys::open_pty(pts));
    auto bind = TRY(sys::clone_private_mount(pts, std::to_string(console.number)));
    TRY(sys::attach(bind, dev, "console"));
    return console;
}

Result<RootSources::Bind> open_volume(const RootPlan& plan, const RootPlan::Volume& volume) {
    auto volumes = TRY(sys::open_dir(sys::kHere, plan.server_dir + "/volumes"));
    TRY(sys::make_dir(volumes, volume.directory, 0755, sys::IfExists::keep));
    RootSources::Bind bind;
    bind.mount = TRY(sys::clone_mount(volumes, volume.directory, Recursion::this_mount));
    bind.to = volume.to;
    bind.attributes = MOUNT_ATTR_NODEV;
    bind.count = 65536;  // every id of the server, as in its layers
    return bind;
}

Result<RootSources::Bind> open_host_mount(const model::HostMount& mount) {
    RootSources::Bind bind;
    auto place = TRY_WITH(open_host_path(mount.from), "map '{}' of the host", mount.from);
    bind.mount = TRY_WITH(sys::clone_mount(place, "", Recursion::this_mount), "map '{}' of the host", mount.from);
    auto status = TRY(sys::stat_fd(bind.mount));
    bind.to = mount.to;
    bind.is_directory = S_ISDIR(status.st_mode);
    bind.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (mount.writable ? 0 : MOUNT_ATTR_RDONLY);
    bind.disk_user = status.st_uid;
    bind.disk_group = status.st_gid;
    bind.guest_owner = mount.owner;
    // What the guest writes gets these ids on disk. With root's it could leave a setuid or setgid root program on the host.
    if (mount.writable && (status.st_uid == 0 || status.st_gid == 0))
        return fail(Code::usage, "'{}' belongs to root or its group and cannot be mapped writable: chown it to an ordinary user and group of "
                                 "the host (chown USER: {})", mount.from, mount.from);
    return bind;
}

struct GuestOwner {
    std::uint32_t user = 0, group = 0;
};

/// A user of the server and his group, by its own /etc/passwd: read as data, bounded, and only if it is a plain file.
Result<GuestOwner> find_owner(FdRef root, const std::string& user) {
    constexpr std::size_t kMostBytes = 1 << 20;
    if (user.empty()) return GuestOwner{};
    auto file = sys::open_beneath(root, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file && file.error().errno_value != ENOENT) return std::unexpected<Error>(file.error());
    if (file && !S_ISREG(TRY(sys::stat_fd(*file)).st_mode)) return fail(Code::failed, "the server's /etc/passwd is not a plain file");
    auto text = file ? TRY(sys::read_all(*file, kMostBytes)) : std::string();  // without accounts a number is still somebody
    auto account = model::find_account(text, user);
    if (account && account->uid < 65536 && account->gid < 65536) return GuestOwner{account->uid, account->gid};
    return fail(Code::usage, "the server has no user '{}'", user);
}

Result<> shift_bind(const RootSources::Bind& bind, FdRef root, std::uint32_t first_id, FdRef proc) {
    auto owner = TRY_WITH(find_owner(root, bind.guest_owner), "map the owner of '{}'", bind.to);
    auto mapping = TRY(sys::make_id_mapping(proc, {sys::IdMapLine{bind.disk_user, first_id + owner.user, bind.count},
                                                   sys::IdMapLine{bind.disk_group, first_id + owner.group, bind.count}}));
    TRY_WITH(sys::set_attributes(bind.mount, {.set = bind.attributes, .user_namespace = &mapping}, Recursion::this_mount),
             "shift the ids of '{}' (does its file system support idmapped mounts?)", bind.to);
    return {};
}

Result<> attach_bind(const RootSources::Bind& bind, FdRef root) {
    auto point = TRY_WITH(open_deep_mount_point(root, bind.to, bind.is_directory), "open the mount point '{}' of the server", bind.to);
    return sys::attach(bind.mount, point, "");
}

/// Those of the paths that this kernel has. They are in file systems of the kernel's, on mount points that are no links (attach_at).
Result<> cover(FdRef root, std::span<const char* const> paths, const char* with) {
    for (const char* path : paths) {
        if (!TRY(sys::exists(root, path))) continue;
        auto mask = TRY(sys::clone_private_mount(sys::kHere, with));
        TRY_WITH(sys::attach(mask, root, path), "cover '/{}'", path);
    }
    return {};
}

}  // namespace

Result<RootSources> open_root_sources(const RootPlan& plan) {
    RootSources sources;
    sources.layers = TRY(storage::open_layers(plan.images, plan.server_dir));
    sources.log_sockets = TRY_WITH(sys::clone_mount(sys::kHere, plan.log_sockets, Recursion::this_mount), "map its log sockets");
    TRY(sys::set_attributes(sources.log_sockets, {.set = kInert | MOUNT_ATTR_RDONLY}, Recursion::this_mount));
    for (const auto& volume : plan.volumes) sources.binds.push_back(TRY_WITH(open_volume(plan, volume), "open the volume '{}'", volume.to));
    for (const auto& mount : plan.mounts) sources.binds.push_back(TRY(open_host_mount(mount)));
    return sources;
}

namespace {

/// Somewhere else, so that the layers are attached, as Linux 6.1 wants them, and the guest inherits none: the overlay holds private copies.
Result<sys::MountFd> mount_root(storage::Layers layers, const Stage& stage, StagedRoot& staged) {
    auto workshop = TRY(Workshop::enter(stage.void_namespace, stage.proc));
    auto root = storage::mount_overlay(std::move(layers), {.attach_below = void_paths::kLayers,
                                                           .id_mapping = &stage.id_mapping,
                                                           .access = storage::OverlayRequest::Access::writable,
                                                           .attributes = MOUNT_ATTR_NODEV});
    TRY(workshop.leave());
    staged.left_behind = std::move(workshop).take();
    return root;
}

}  // namespace

Result<StagedRoot> stage_root(RootSources sources, const RootPlan& plan, const Stage& stage) {
    StagedRoot staged;
    auto as_mapped_root = TRY(sys::ScopedEffectiveId::become(plan.first_id));
    staged.root = TRY_WITH(mount_root(std::move(sources.layers), stage, staged), "mount the root");
    // Before "/" is covered: a process whose root is not its namespace's may not make user namespaces (user_namespaces(7), EPERM).
    for (const auto& bind : sources.binds) TRY(shift_bind(bind, staged.root, plan.first_id, stage.proc));
    TRY(sys::attach(staged.root, sys::kHere, "/"));
    staged.console = TRY_WITH(mount_dev(staged.root, plan.first_id), "make /dev");
    const auto reader = plan.runs_guest_init ? log_reader(staged.root) : LogReader::none;
    TRY_WITH(mount_log_sockets(sources.log_sockets, staged.root, plan.first_id, reader), "mount its log sockets");
    for (const auto& bind : sources.binds) TRY(attach_bind(bind, staged.root));
    // An archive may have left them out. Mounted on later, when we are not the server's root any more and could not make them.
    for (const char* path : {"proc", "sys"})
        TRY_WITH(open_mount_point(staged.root, path), "open the mount point '/{}' of the server", path);
    return staged;
}

namespace {

/// /proc/sys/net shows everyone his own network namespace, and most of it a server could set. But what packets wait for there
/// (net.ipv4.ipfrag_high_thresh and its like) is memory that is charged to nobody, in as many namespaces as a user of the server
/// makes. A mask over single files holds in one namespace only; a read-only mount of the directory holds in all.
Result<> protect_network_settings(const sys::MountFd& root, const sys::MountFd& proc) {
    auto settings = TRY(sys::clone_private_mount(proc, "sys/net"));
    TRY(sys::set_attributes(settings, {.set = kInert | MOUNT_ATTR_RDONLY}, Recursion::this_mount));
    return attach_at(settings, root, "proc/sys/net");
}

}  // namespace

namespace {

/// Runs in the helper: allocates nothing. The exit status is an errno.
int open_procfs(void* answer) noexcept {
    const int created = sys::raw::create_filesystem("proc", nullptr, 0);
    *static_cast<int*>(answer) = created;
    sys::raw::exit_now(created < 0 ? -created : 0);
}

/// Only a process that is born in a PID namespace is in it.
Result<sys::FsContextFd> create_procfs_inside(const GuestNamespaces& guest) {
    int created = -1;
    auto own = TRY(sys::open_at(guest.proc, "self/ns/pid", O_RDONLY));
    TRY(sys::join(guest.init, CLONE_NEWPID));
    const auto helper = sys::raw::fork_sharing(open_procfs, &created);
    TRY(sys::join(own, CLONE_NEWPID));
    if (helper < 0) return std::unexpected<Error>(sys::error_from(-helper, "send a helper into the server's PID namespace"));
    const auto status = TRY(sys::reap_child(helper));
    sys::FsContextFd procfs(created);
    if (status.success()) return procfs;
    const bool told = status.kind == sys::ExitStatus::Kind::exited;
    return std::unexpected<Error>(sys::error_from(told ? status.value : EINTR, "create the server's procfs"));
}

/// From Linux 6.18 on it can be told whose processes it shows; before, it shows those of its maker's namespace.
Result<sys::FsContextFd> create_procfs(const GuestNamespaces& guest) {
    auto processes = TRY(sys::open_at(guest.proc, fmt::format("{}/ns/pid", guest.pid), O_RDONLY));
    auto procfs = TRY(sys::fs_open("proc"));
    auto told = sys::fs_set(procfs, "pidns", processes);
    if (!told && told.error().errno_value == EINVAL) return create_procfs_inside(guest);
    TRY(std::move(told));
    TRY(sys::fs_create(procfs));
    return procfs;
}

struct KernelViews {
    sys::FsContextFd sysfs, cgroup;
};

Result<sys::FsContextFd> create(const char* type) {
    auto created = TRY(sys::fs_open(type));
    TRY_WITH(sys::fs_create(created), "create the server's {}", type);
    return created;
}

/// Every group of a server may ping without privilege, as systemd has it on a machine: the server itself cannot set it.
Result<> let_groups_ping(const GuestNamespaces& guest) {
    if (!guest.own_network) return {};  // the host's network, whose settings are its own
    const auto groups = fmt::format("{} {}", guest.first_id, guest.first_id + 65535);
    return sys::write_kernel_file(guest.proc, "sys/net/ipv4/ping_group_range", groups);
}

Result<KernelViews> create_kernel_views(const GuestNamespaces& guest) {
    KernelViews views;
    views.sysfs = TRY(create("sysfs"));
    views.cgroup = TRY(create("cgroup2"));
    TRY_WITH(let_groups_ping(guest), "let the server's groups ping");
    return views;
}

Result<KernelViews> visit(const GuestNamespaces& guest) {
    // A pidfd of ours would not bring us back: it stands for wherever we are.
    auto network = TRY(sys::open_at(guest.proc, "self/ns/net", O_RDONLY));
    auto groups = TRY(sys::open_at(guest.proc, "self/ns/cgroup", O_RDONLY));
    TRY_WITH(sys::join(guest.init, CLONE_NEWCGROUP | (guest.own_network ? std::uint64_t{CLONE_NEWNET} : 0)), "visit the server's namespaces");
    if (guest.view.get() >= 0) TRY_WITH(sys::join(guest.view, CLONE_NEWNET), "visit its network view");
    auto views = create_kernel_views(guest);
    TRY_WITH(sys::join(network, CLONE_NEWNET), "come back from the server's network namespace");
    TRY_WITH(sys::join(groups, CLONE_NEWCGROUP), "come back from the server's cgroup namespace");
    return views;
}

}  // namespace

Result<> mount_guest_processes(const sys::MountFd& root, const GuestNamespaces& guest, Masks masks) {
    auto proc = TRY(sys::fs_mount(TRY(create_procfs(guest)), kInert));
    TRY(attach_at(proc, root, "proc"));
    if (masks == Masks::none) return {};
    TRY_WITH(protect_network_settings(root, proc), "protect /proc/sys/net");
    TRY(cover(root, kMaskedProcFiles, void_paths::kEmptyFile));
    return cover(root, kMaskedProcDirs, void_paths::kEmptyDir);
}

Result<> mount_guest_kernel(const sys::MountFd& root, const GuestNamespaces& guest, Masks masks) {
    auto views = TRY(visit(guest));
    auto sysfs = TRY(sys::fs_mount(views.sysfs, kInert | MOUNT_ATTR_RDONLY));
    TRY(attach_at(sysfs, root, "sys"));
    auto cgroup = TRY(sys::fs_mount(views.cgroup, kInert));
    TRY(sys::attach(cgroup, root, "sys/fs/cgroup"));
    if (masks == Masks::none) return {};
    return cover(root, kMaskedSysDirs, void_paths::kEmptyDir);
}

}  // namespace vs::server
