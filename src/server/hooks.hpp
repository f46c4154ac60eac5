#pragma once
// The script that a server's settings name, called at four points of its life as `SCRIPT PHASE NAME`.
//
// Security: it runs on the host as root, so it must belong to root and be writable by nobody else, and so must its directory;
// it gets a clean environment (VSERVER_NAME, VSERVER_ROOT, VSERVER_CONTEXT, PATH) and a time limit.

#include "server/registry.hpp"

namespace vs::server {

enum class HookPhase { pre_start, post_start, pre_stop, post_stop };
std::string_view hook_name(HookPhase phase);

/// Nothing to do where the settings name no script. A pre-* that fails aborts what was to be done; the caller reports a
/// post-* that fails and goes on.
Result<> run_hook(const Server& server, HookPhase phase);

}  // namespace vs::server
