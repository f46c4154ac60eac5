#pragma once
// What the host sees of a running server: its processes by their control group, its sockets by the kernel's own list, its mount
// table. Nothing of it passes through anything that the server could have replaced, and nothing of it is looked into here.

#include <optional>
#include <vector>

#include "guard/testimony.hpp"
#include "server/run_state.hpp"

namespace vs::guard {

/// Before the server is asked.
Result<> look_from_host(const model::ServerName& name, const server::RunState& run, Testimony& testimony);
/// Afterwards.
Result<> look_once_more(const model::ServerName& name, const server::RunState& run, Testimony& testimony);

/// nullopt where it does not run. Nothing is cleaned up or adopted, unlike by a command: what looks from outside may have few rights, and
/// whatever it started would have no more.
Result<std::optional<server::RunState>> running_state(const model::ServerName& name);

/// The pids of its processes, as the host counts them.
Result<std::vector<pid_t>> processes_of(const model::ServerName& name);
Result<std::vector<sys::OpenSocket>> sockets_of(const server::RunState& run);

}  // namespace vs::guard
