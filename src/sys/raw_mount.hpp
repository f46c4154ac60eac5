#pragma once
// Mounts and small files of the kernel for the child between clone and exec: no allocation, no lock, 0 or a negative errno.
//
// Fork-safety: async-signal-safe, all of them.

#include <cstddef>
#include <cstdint>

#include "sys/raw.hpp"

namespace vs::sys::raw {

/// Nothing mounted from now on reaches another mount namespace, and nothing comes in.
int make_mounts_private();
/// The topmost mount at `path` and all below it (MNT_DETACH).
int detach(const char* path);

/// Mounts that are out of the way, to be detached all at once: each detaching alone waits until no processor looks up a path any
/// more (synchronize_rcu_expedited() in namespace_unlock(), fs/namespace.c). The first lies over the root, where no path leads
/// but "/..", the others in a directory of that one, which a procfs has.
struct SetAside {
    int first = -1;  ///< O_PATH
};
/// The topmost mount at `path` and all below it. What cannot be moved is detached.
int set_aside(SetAside& aside, const char* path);
/// Changes the directory. Nothing of them is left in the namespace.
int detach(SetAside& aside);
/// A new file system of our namespaces, mounted on `path` with MOUNT_ATTR_* attributes.
struct NewMount {
    const char* type;
    const Option* options;
    std::size_t count;
    std::uint64_t attributes;
};
int mount_new(const NewMount& mount, const char* path);
/// A detached copy of the mounts at and below `path`: a descriptor or a negative errno. Nothing is automounted by it.
int copy_mounts(const char* path);
int place_mounts(int mounts, const char* path);

/// A user namespace and a mount namespace below ours, in which every mount we have now is locked: nobody inside can take one
/// away. Its ids are mapped as the texts for /proc/PID/uid_map and gid_map say. Precondition: /proc shows us, we have CAP_SETUID,
/// CAP_SETGID and CAP_SETFCAP.
int lock_mounts(const char* uid_map, const char* gid_map);

/// One write to a file of the kernel.
int write_text(const char* path, const char* text);
/// The number of our PID namespace, or 0 where /proc does not say.
std::uint64_t pid_namespace();
/// That of another process; 0 where we may not know it too.
std::uint64_t pid_namespace_of(int pid);

/// /proc/self/fd, for drop_descriptors_out(): it goes on naming ours where /proc is another's.
int list_descriptors();
/// Closes the list, and every descriptor by which a program could still reach what its context hides: directories (".." leads
/// out), files of /proc, namespaces, other processes. As one of 0, 1 and 2 a directory or namespace is -EISDIR.
int drop_descriptors_out(int list);

}  // namespace vs::sys::raw
