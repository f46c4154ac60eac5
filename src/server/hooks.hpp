#pragma once
// The script that a server's settings name, called at four points of its life as `SCRIPT PHASE NAME`.
//
// Security: it runs on the host as root, so nobody else may be able to write it or to put another one in its place; it gets a
// clean environment (VSERVER_NAME, VSERVER_CONTEXT, VSERVER_ROOT, PATH, LANG) and a time limit, after which it is killed with
// its process group.

#include "server/registry.hpp"

namespace vs::server {

enum class HookPhase { pre_start, post_start, pre_stop, post_stop };
std::string_view hook_name(HookPhase phase);

/// Code::denied where somebody but root could write the script, or a directory or link on the way to it.
Result<> check_hook(const std::string& script);

/// Nothing to do where the settings name no script. A pre-* that fails aborts what was to be done; the caller reports a
/// post-* that fails and goes on.
/// Precondition: nobody holds the server's lock for us, because the script may call us for the same server.
Result<> run_hook(const storage::Store& store, const Server& server, HookPhase phase);

}  // namespace vs::server
