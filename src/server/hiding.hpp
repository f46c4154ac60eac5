#pragma once
// `vserver shield hide`: with the shield up nobody outside traces a process of a server, and the machine's /proc then shows a process
// only to who may (hidepid=ptraceable), so ps and its like on the host do not show servers' at all (docs/decisions/shield.md).
//
// It hides other things from daemons without CAP_SYS_PTRACE as well, so those get a /proc of their own before.

#include <string>
#include <vector>

#include "server/blinded.hpp"

namespace vs::server {

/// Whom it would blind. Code::unsupported where this kernel can have no shield, Code::failed where none is up or /proc is not the machine's.
Result<Blinded> plan_hiding();
/// A drop-in for each service that has none. It is in effect from the service's next start.
Result<> give_own_proc(const std::vector<std::string>& services);
/// From now on. Precondition: whoever is to go on seeing everything has a /proc of its own.
Result<> hide_servers();
/// /proc is as it was before, and no drop-in is left; nothing to do where nothing was done. True where something was.
Result<bool> show_servers();

Result<bool> servers_are_hidden();
/// The services that have our drop-in.
Result<std::vector<std::string>> services_with_own_proc();

}  // namespace vs::server
