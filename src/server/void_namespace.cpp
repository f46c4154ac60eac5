#include "server/void_namespace.hpp"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include <cerrno>
#include <optional>

#include "model/paths.hpp"
#include "storage/overlay.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"
#include "sys/mount_table.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"

namespace vs::server {

namespace {

using model::paths::kRun;
using model::paths::kVoid;

constexpr std::uint64_t kInert = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

Result<> furnish(const sys::MountFd& void_root) {
    TRY(sys::make_dir(void_root, "layers", 0700, sys::IfExists::fail));
    for (std::size_t slot = 0; slot < storage::kMostLayers; ++slot)
        TRY(sys::make_dir(void_root, fmt::format("layers/{}", slot), 0700, sys::IfExists::fail));
    TRY(sys::make_dir(void_root, "empty", 0555, sys::IfExists::fail));
    TRY(sys::open_at(void_root, "nothing", O_WRONLY | O_CREAT | O_EXCL, 0));
    return sys::set_attributes(void_root, {.set = MOUNT_ATTR_RDONLY}, sys::Recursion::this_mount);
}

/// Runs in a child of its own: builds the void around itself.
Result<> become_void(std::optional<int> processor) {
    if (processor) TRY(sys::run_only_on(*processor));
    TRY(sys::unshare(CLONE_NEWNS));
    TRY(sys::make_everything_private());
    auto root = TRY(sys::new_mount("tmpfs", {{"mode", "0555"}, {"size", "64k"}, {"nr_inodes", "64"}}, kInert));
    TRY(furnish(root));
    TRY(sys::attach(root, sys::kHere, "/proc"));  // any directory will do: it is gone after the pivot
    TRY(sys::change_dir(root));
    return sys::pivot_root_here();
}

Result<sys::NamespaceFd> pin(pid_t pid) {
    TRY(separate_run());
    auto source = TRY(sys::open_at(sys::kHere, fmt::format("/proc/{}/ns/mnt", pid), O_RDONLY));
    TRY(sys::open_at(sys::kHere, kVoid, O_WRONLY | O_CREAT, 0600));
    auto pinned = TRY(sys::clone_mount(source, "", sys::Recursion::this_mount));
    TRY(sys::attach(pinned, sys::kHere, kVoid));
    return sys::NamespaceFd(source.release());
}

/// The void lives in a child until it is pinned.
Result<sys::NamespaceFd> make_void_on(std::optional<int> processor) {
    auto sockets = TRY(sys::make_socket_pair());
    auto child = TRY(sys::clone_process({}));
    if (child.pid == 0) {
        sockets.ours.reset();
        auto made = become_void(processor);
        if (sys::send_message(sockets.theirs, made ? "made" : base::pack(made.error())))
            (void)sys::receive_message(sockets.theirs);  // until our parent closes its end
        sys::raw::exit_now(0);
    }
    sockets.theirs.reset();
    auto answer = TRY(sys::receive_message(sockets.ours));
    auto pinned = answer == "made" ? pin(child.pid) : Result<sys::NamespaceFd>(std::unexpected<Error>(base::unpack(answer)));
    sockets.ours.reset();
    TRY(sys::reap(child.pidfd));
    return pinned;
}

/// A mount namespace can only be pinned in one with a lower id, and Linux 6.18 hands out ids in batches by processor. The initial
/// one has the lowest; elsewhere one processor at least, that which ours was made on, gives a higher id than ours.
Result<sys::NamespaceFd> make_void() {
    auto made = make_void_on(std::nullopt);
    if (made || made.error().errno_value != ELOOP) return made;
    for (int processor : TRY(sys::allowed_processors())) {
        made = make_void_on(processor);
        if (made || made.error().errno_value != ELOOP) break;
    }
    return made;
}

/// The pinned one, or nothing: a plain file is what is left of a pin whose mount did not come to be.
Result<std::optional<sys::NamespaceFd>> open_pinned() {
    auto fd = sys::open_at(sys::kHere, kVoid, O_RDONLY);
    if (!fd && fd.error().errno_value == ENOENT) return std::nullopt;
    if (!fd) return std::unexpected<Error>(fd.error());
    if (!sys::is_namespace(*fd)) return std::nullopt;
    return sys::NamespaceFd(fd->release());
}

}  // namespace

/// A host with systemd shares its mounts with the namespaces of its services, and the kernel refuses to copy a pinned mount namespace there
/// (EINVAL of copy_tree() in fs/namespace.c).
Result<> separate_run() {
    TRY(sys::make_dir(sys::kHere, kRun, 0700, sys::IfExists::keep));
    auto lock = TRY(sys::lock_file(TRY(sys::open_dir(sys::kHere, kRun)), ".mount.lock", sys::LockWait::wait));
    if (!TRY(sys::mounted_at(kRun))) {
        auto run = TRY(sys::clone_mount(sys::kHere, kRun, sys::Recursion::this_mount));
        TRY(sys::attach(run, sys::kHere, kRun));
    }
    return sys::set_attributes_at(sys::kHere, kRun, {.propagation = MS_PRIVATE}, sys::Recursion::this_mount);
}

Result<sys::NamespaceFd> open_void_namespace() {
    if (auto pinned = TRY(open_pinned())) return std::move(*pinned);
    auto run = TRY(sys::open_dir(sys::kHere, kRun));
    auto lock = TRY(sys::lock_file(run, ".void.lock", sys::LockWait::wait));
    if (auto pinned = TRY(open_pinned())) return std::move(*pinned);
    return TRY_WITH(make_void(), "make the empty mount namespace that servers start from");
}

Result<> enter_void(const sys::NamespaceFd& void_namespace) {
    TRY(sys::join(void_namespace, CLONE_NEWNS));
    return sys::unshare(CLONE_NEWNS);
}

namespace {

Result<sys::NamespaceFd> own_mount_namespace(sys::FdRef proc) {
    return sys::NamespaceFd(TRY(sys::open_at(proc, "self/ns/mnt", O_RDONLY)).release());
}

}  // namespace

Result<Workshop> Workshop::enter(const sys::NamespaceFd& void_namespace, sys::FdRef proc) {
    Workshop workshop;
    workshop.home_ = TRY(own_mount_namespace(proc));
    TRY(enter_void(void_namespace));
    workshop.own_ = TRY(own_mount_namespace(proc));
    return workshop;
}

Result<> Workshop::leave() const { return sys::join(home_, CLONE_NEWNS); }

std::vector<sys::NamespaceFd> Workshop::take() && {
    std::vector<sys::NamespaceFd> copies;
    copies.push_back(std::move(own_));
    copies.push_back(std::move(home_));
    return copies;
}

}  // namespace vs::server
