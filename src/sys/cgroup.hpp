#pragma once
// Control groups (cgroups(7), Documentation/admin-guide/cgroup-v2.rst): the mechanism. Identity is a directory descriptor;
// a path can be recycled when a group is made anew.

#include <optional>
#include <string>
#include <vector>

#include "sys/process.hpp"

namespace vs::sys {

enum class CgroupVersion { none, v1, v2 };
/// What is mounted at a path; none where there is no such path.
Result<CgroupVersion> cgroup_version_at(const std::string& path);

/// Removes a group and everything below it, deepest first. An absent group is success; one with processes is EBUSY.
/// Precondition: cgroup.max.depth bounds how deep a guest could nest.
Result<> remove_cgroup_tree(FdRef parent, const std::string& name);

/// Kills every process in a version 2 group and below (cgroup.kill), as one step that a fork cannot outrun.
Result<> kill_cgroup(FdRef group);
/// Waits until a version 2 group and everything below has no process; false after `limit`.
Result<bool> wait_unpopulated(FdRef group, Milliseconds limit);
/// Waits until every process of a version 2 group and below stands still (cgroup.freeze); false after `limit`.
Result<bool> wait_frozen(FdRef group, Milliseconds limit);
/// Pids in this group, not in those below.
Result<std::vector<pid_t>> cgroup_processes(FdRef group);

}  // namespace vs::sys
