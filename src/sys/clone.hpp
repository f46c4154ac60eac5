#pragma once
// New processes and namespaces: clone3(2), unshare(2), setns(2).

#include <sched.h>
#include <sys/types.h>

#include <cstdint>

#include "sys/fd.hpp"

namespace vs::sys {

/// CLONE_* bits of the kernel (clone(2)).
using NamespaceFlags = std::uint64_t;

struct CloneRequest {
    NamespaceFlags flags = 0;                  ///< CLONE_NEW*, CLONE_FILES; CLONE_PIDFD is added
    const DirFd* cgroup = nullptr;             ///< born there (CLONE_INTO_CGROUP): no RCU grace period as with cgroup.procs
};
struct Child {
    pid_t pid = 0;  ///< 0 in the child
    PidFd pidfd;
};
/// Like fork: returns twice, with pid 0 in the child. The child of a single-threaded process may use everything, but by our
/// rule it does not allocate until it execs.
Result<Child> clone_process(const CloneRequest& request);

Result<> unshare(NamespaceFlags flags);
/// Joins a namespace, or with a pidfd several at once (CLONE_NEW* bits).
Result<> join(FdRef namespace_or_pidfd, NamespaceFlags flags);

/// True where the descriptor is a namespace (nsfs), and not the file that one was to be pinned on.
bool is_namespace(FdRef fd);

/// Not dumpable until the next exec: nobody in a guest may ptrace or open /proc/PID/mem of a process of ours that is on
/// its way in (CVE-2016-8649).
Result<> forbid_dump();

}  // namespace vs::sys
