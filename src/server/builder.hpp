#pragma once
// The builder: a process between the command and the server. It enters the void, clones the server's first process, builds the
// root, and once it has handed that over becomes the keeper, so that the keeper is the init's parent and sees by its wait status
// whether it rebooted or halted. It becomes it while the first process still prepares itself: neither waits for the other.

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
    std::uint64_t network_namespaces = 0;  ///< as in model::Limits
};

/// The builder as the command sees it.
struct Builder {
    sys::PidFd pidfd;
    sys::SocketFd report;  ///< the pid of the server's first process, then keeper::kRunning from the keeper; or a packed error
    sys::SocketFd child;   ///< the first process says that its namespaces are there, and waits for one byte
    sys::SocketFd exec;    ///< the builder's end of the first process' other socket: read by us once there is a keeper
};

/// Starts it, born in `keepers`.
Result<Builder> start_builder(BuildOrder order, const sys::DirFd& keepers);

struct FirstProcess {
    pid_t pid = 0;
    std::uint64_t start_time = 0;  ///< known before it may execute an init, for some end at once
    sys::NamespaceFd network;      ///< its own, or the host's
};
/// Waits until the server's first process has its namespaces. Where it or the builder ended first: why, in their words. `init` is for words.
Result<FirstProcess> wait_for_first_process(const Builder& builder, const std::string& init);
/// Afterwards: it may go on, for the host's side of its network is up.
Result<> let_go_on(const Builder& builder);
/// Waits until the init runs and has its keeper and its recorder.
Result<> wait_until_running(const Builder& builder, const std::string& init);
/// After a failure: nothing is made any more once this returns, so that what there is can be torn down.
void end_builder(const Builder& builder);

}  // namespace vs::server
