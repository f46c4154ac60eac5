#include "sys/clone.hpp"

#include <linux/magic.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "sys/call.hpp"

namespace vs::sys {

Result<Child> clone_process(const CloneRequest& request) {
    int pidfd = -1;
    clone_args args{};
    args.flags = request.flags | CLONE_PIDFD;
    args.pidfd = reinterpret_cast<std::uint64_t>(&pidfd);
    args.exit_signal = SIGCHLD;
    if (request.cgroup != nullptr) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<std::uint64_t>(request.cgroup->get());
    }
    long pid = ::syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) return failed("clone3");
    Child child;
    child.pid = static_cast<pid_t>(pid);
    if (pid > 0) child.pidfd = PidFd(pidfd);
    return child;
}

Result<> unshare(NamespaceFlags flags) {
    if (::unshare(static_cast<int>(flags)) < 0) return failed("unshare {:#x}", flags);
    return {};
}

Result<> join(FdRef namespace_or_pidfd, NamespaceFlags flags) {
    if (::setns(namespace_or_pidfd.get(), static_cast<int>(flags)) < 0) return failed("setns {:#x}", flags);
    return {};
}

bool is_namespace(FdRef fd) {
    struct statfs status {};
    return ::fstatfs(fd.get(), &status) == 0 && status.f_type == NSFS_MAGIC;
}

Result<> forbid_dump() {
    if (::prctl(PR_SET_DUMPABLE, 0) < 0) return failed("prctl PR_SET_DUMPABLE");
    return {};
}

}  // namespace vs::sys
