#pragma once
// Control groups in which a whole context counts as one process: for the flag `sched` in the scheduler (controller cpu), for root's
// `nproc` against a limit of processes (controller pids). An ordinary user's `nproc` needs none: the kernel counts his RLIMIT_NPROC by
// user namespace.
//
//     ROOT/.counted-N/processes         version 2: a group that hands controllers down may have no process itself
//     CONTROLLER/vservers/.counted-N    version 1
//
// An ordinary user's is below his own group (version 2: beside it), which is refused where that was not delegated to him. Contexts inside a
// counted one are in its group, and can have none of their own: nobody inside writes to a control group.
//
// Nothing keeps a group but its processes: who makes one removes those that he finds empty.

#include <string>
#include <vector>

#include "context/area.hpp"
#include "context/view.hpp"
#include "sys/fd.hpp"

namespace vs::context {

/// True where these flags need a group.
bool is_counted(Flags flags, Rights rights);

/// What the first process of a context is born in, and joins.
struct CountedGroup {
    sys::DirFd birthplace;        ///< of version 2; closed where no controller is
    std::vector<sys::Fd> tasks;   ///< of version 1: it writes itself to each
    std::vector<std::string> paths;
    std::vector<sys::Fd> claims;  ///< while they are open nobody takes the groups for abandoned ones
};

/// Code::unsupported where this machine or this user has none to give; Code::usage where there is no limit of processes to set.
Result<CountedGroup> make_counted_group(Flags flags, Rights rights);
/// That of a context which lives, for a command that enters it.
Result<CountedGroup> counted_group_of(pid_t first_process);
/// What is still lived in stays.
void remove_counted_group(const CountedGroup& group);

/// True where a process is counted by a group of version 2, which it would leave for another one there.
Result<bool> is_counted_by_version2(pid_t pid);

}  // namespace vs::context
