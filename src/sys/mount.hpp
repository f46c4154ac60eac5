#pragma once
// The new mount interface (fsopen(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2)): file systems and trees as
// descriptors, attached by descriptor, so that no path is looked up twice.
//
// Thread-hostile like everything that depends on the caller's mount namespace.

#include <sys/mount.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

/// One option of a file system; an empty value is a flag ("ro").
using FsOption = std::pair<std::string, std::string>;

/// A file system being configured; takes the caller's namespaces for proc, sysfs, mqueue and cgroup2.
Result<FsContextFd> fs_open(const std::string& type);
Result<> fs_set(FdRef context, const std::vector<FsOption>& options);
/// An option that is a descriptor. EINVAL also where the kernel does not know it.
Result<> fs_set(FdRef context, const char* key, FdRef value);
/// Creates the superblock. The kernel's own message (fsopen log) is part of the error.
Result<> fs_create(FdRef context);
/// A detached mount of it with MOUNT_ATTR_* attributes.
Result<MountFd> fs_mount(FdRef context, std::uint64_t attributes);
/// Changes options of the file system that is mounted at `point`, for everybody who has it mounted (fspick(2)).
Result<> fs_reconfigure(const std::string& point, const std::vector<FsOption>& options);
/// All four steps.
Result<MountFd> new_mount(const std::string& type, const std::vector<FsOption>& options, std::uint64_t attributes);

enum class Recursion { this_mount, whole_tree };
/// A detached copy of a mount (tree) rooted at the path; an empty path means `dir` itself. It is private: systemd has every mount
/// of a host shared, and what is mounted on a shared copy, in whatever namespace, is mounted on the original too.
Result<MountFd> clone_mount(FdRef dir, const std::string& path, Recursion recursion);
/// The same of one that is private already, as is what we have mounted ourselves.
Result<MountFd> clone_private_mount(FdRef dir, const std::string& path);
/// Sets MOUNT_ATTR_* bits, and idmaps the mount where `user_namespace` is given.
struct MountAttributes {
    std::uint64_t set = 0;
    std::uint64_t clear = 0;
    std::uint64_t propagation = 0;                 ///< MS_PRIVATE, MS_SLAVE, ... or 0
    const NamespaceFd* user_namespace = nullptr;   ///< MOUNT_ATTR_IDMAP is added
};
Result<> set_attributes(FdRef mount, const MountAttributes& attributes, Recursion recursion);
Result<> set_attributes_at(FdRef dir, const std::string& path, const MountAttributes& attributes, Recursion recursion);

/// Attaches a detached mount on `path` below `dir`; an empty path means on `dir` itself.
Result<> attach(FdRef mount, FdRef dir, const std::string& path);
/// umount2(MNT_DETACH) of an absolute path of this mount namespace.
Result<> detach(const std::string& path);
/// The setuid bit counts for whoever executes what is here (statfs(2): no ST_NOSUID).
Result<bool> heeds_setuid(FdRef file);
/// The mount whose root the descriptor is, wherever that is attached.
Result<> detach(FdRef root);

/// Nothing that is mounted here from now on reaches another mount namespace, and nothing comes in.
Result<> make_everything_private();
/// The current directory becomes the root of this mount namespace; the old root is detached. Walks every task of the machine
/// (14 ms at 20,000 of them), so it is for once per boot and not for a start.
Result<> pivot_root_here();

Result<> change_dir(FdRef dir);
/// chroot(2) to the current directory.
Result<> change_root_here();

}  // namespace vs::sys
