#pragma once
// The control groups of a server.
//
//     ROOT/.keepers       keepers, recorders and builders: born there, not in the caller's session. No server can have that name
//     ROOT/NAME           limits, ours
//     ROOT/NAME/guest     delegated to the server's root; the root of its cgroup namespace
//     ROOT/NAME/guest/.vserver   where commands that enter are born (a group with controllers enabled refuses processes)
//     ROOT/NAME/view      the server's network view, where it has one: processes of ours (network_view.hpp)
//     ROOT/NAME/entered   the same where the server has made that one unfit: it is the guest's, and may be stopped or removed
//
// ROOT is `vservers` on the cgroup2 mount, or the delegated group of vservers.service on a systemd host. Where memory, pids
// and cpu are version 1 hierarchies, the limits are there, and cgroup2 still is the identity.
//
// Nothing is ever moved by writing a pid to cgroup.procs (15 ms, an RCU grace period): processes are cloned into cgroup2
// groups and join version 1 groups themselves.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/settings.hpp"
#include "sys/cgroup.hpp"

namespace vs::server {

/// Where control groups are on this host, found anew by each command.
class CgroupHost {
  public:
    /// Makes ROOT where it is missing. Code::unsupported where there is no cgroup2 mount.
    static Result<CgroupHost> open();
    [[nodiscard]] const sys::DirFd& root() const { return root_; }
    [[nodiscard]] const std::string& root_path() const { return root_path_; }
    struct V1 {
        std::string controller;  ///< "memory"
        sys::DirFd root;         ///< its `vservers` group
    };
    [[nodiscard]] const std::vector<V1>& v1() const { return v1_; }
    /// True where memory, pids and cpu limits are on cgroup2.
    [[nodiscard]] bool unified() const { return v1_.empty(); }
    /// The leaf that keepers, recorders and builders are born in.
    Result<sys::DirFd> keepers() const;

  private:
    std::string root_path_;
    sys::DirFd root_;
    std::vector<V1> v1_;
};

/// What a process needs to be born in, or to join, a server's groups.
struct CgroupEntry {
    sys::DirFd group;                 ///< for clone3
    std::vector<sys::Fd> v1_tasks;    ///< the process writes "0" to each
};

/// Makes the groups of a server with its limits; `first_id` is the host uid of the server's root, who owns `guest`.
Result<CgroupEntry> create_cgroups(const CgroupHost& host, const std::string& name, const model::Limits& limits, std::uint32_t first_id);
/// For a command that enters a running server.
Result<CgroupEntry> open_cgroups(const CgroupHost& host, const std::string& name, std::uint32_t first_id);

/// For its network view; its group is made. Precondition: create_cgroups.
Result<CgroupEntry> view_cgroups(const CgroupHost& host, const std::string& name);

/// Sends a signal to every process of the server that can be reached, one by one.
void signal_everything(const CgroupHost& host, const std::string& name, int signal);
/// Every process of the server, as the host counts them, without ours; none where it does not run.
Result<std::vector<pid_t>> all_processes(const CgroupHost& host, const std::string& name);
/// Kills everything of the server and waits until it is gone. An absent group is success.
Result<> kill_everything(const CgroupHost& host, const std::string& name);
/// Precondition: nothing lives in them. Absent groups are success.
Result<> remove_cgroups(const CgroupHost& host, const std::string& name);

/// True where `pid` is in the server's groups.
Result<bool> belongs_to(const CgroupHost& host, const std::string& name, pid_t pid);

/// What the server uses now, for vserver-stat. Absent where the kernel does not say.
struct Usage {
    std::optional<std::uint64_t> memory_bytes;
    std::optional<std::uint64_t> processes;
    std::optional<std::uint64_t> cpu_microseconds;
};
Usage read_usage(const CgroupHost& host, const std::string& name);

}  // namespace vs::server
