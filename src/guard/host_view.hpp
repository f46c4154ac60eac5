#pragma once
// What the host sees of a running server: its processes by their control group, its sockets by the kernel's own list, its mount
// table. Nothing of it passes through anything that the server could have replaced.

#include <vector>

#include "guard/policy.hpp"
#include "server/registry.hpp"
#include "server/run_state.hpp"
#include "sys/mount_table.hpp"
#include "sys/sock_diag.hpp"
#include "sys/task.hpp"

namespace vs::guard {

struct HostView {
    std::vector<sys::Task> tasks;
    std::vector<sys::OpenSocket> sockets;
    std::vector<sys::MountEntry> mounts;  ///< of its init's namespace, in the order of mounting
};

Result<HostView> look_from_host(const server::Server& server, const server::RunState& run);
/// The pids of its processes, as the host counts them.
Result<std::vector<pid_t>> processes_of(const server::Server& server);
Result<std::vector<sys::OpenSocket>> sockets_of(const server::Server& server, const server::RunState& run);

/// Mounts that neither we nor the settings have put there, over a place where something is expected to stay.
std::vector<sys::MountEntry> foreign_mounts(const std::vector<sys::MountEntry>& mounts, const model::Settings& settings);

}  // namespace vs::guard
