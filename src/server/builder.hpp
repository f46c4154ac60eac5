#pragma once
// The builder: a process between the command and the server. It enters the void, builds the root, clones the server's first
// process, and once that has exec'd its init becomes the keeper, so that the keeper is the init's parent and sees by its wait
// status whether it rebooted or halted.

#include "server/cgroups.hpp"
#include "model/settings.hpp"
#include "server/guest_child.hpp"
#include "server/log_sockets.hpp"
#include "server/root.hpp"
#include "server/view_likeness.hpp"

namespace vs::server {

/// Everything the builder needs, opened and computed by the command.
struct BuildOrder {
    RootPlan root;
    ChildPlan child;
    CgroupEntry cgroups;
    sys::NamespaceFd void_namespace, host_mounts;
    Likeness view;  ///< of its network view; closed where it has none
    sys::DirFd proc;
    // For the keeper:
    sys::DirFd log_dir, run_dir;
    LogSockets sockets;
    model::LogSettings log;
    sys::Fd keeper_lock, recorder_lock;
    std::string name;
    std::uint32_t generation = 0;
};

/// The builder as the command sees it.
struct Builder {
    sys::PidFd pidfd;
    pid_t guest_init = 0;
    sys::SocketFd report;   ///< the init's pid, then keeper::kRunning from the keeper that it becomes; or a packed error
    sys::SocketFd network;  ///< the child says "n" when its namespace is there, and waits for one byte
};

/// Starts it, born in `keepers`, and returns once the server's first process exists.
Result<Builder> start_builder(BuildOrder order, const sys::DirFd& keepers);

/// Waits until the child has its network namespace. Where the child or the builder ended first: why, in the builder's words.
Result<sys::NamespaceFd> wait_for_network_namespace(const Builder& builder);
/// Afterwards: tells the child that the host's side is up.
Result<> network_is_up(const Builder& builder);
/// Waits until the init runs and has its keeper and its recorder.
Result<> wait_until_running(const Builder& builder);
/// After a failure: nothing is made any more once this returns, so that what there is can be torn down.
void end_builder(const Builder& builder);

}  // namespace vs::server
