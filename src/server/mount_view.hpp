#pragma once
// A server's whole tree for the host, running or not: its layers and volumes as they are, with the ids that they have on
// disk, read-only, nosuid, nodev and noexec. What the settings map into it from the host is the host's and not shown.
//
// It is an overlay of its own with the server's layer as a lower one. It shows what there was when it was mounted; what a
// running server changes afterwards may show or not, so a backup mounts, reads, and unmounts.
//
// Security: file owners in it are plain small numbers, which on the host are other people. The default place is below
// /run/vservers, which only root can enter. Another place is root's, found without links (host_path.hpp), and mounted on by descriptor.

#include <optional>
#include <string>

#include "server/registry.hpp"
#include "sys/fd.hpp"

namespace vs::server {

/// The tree without its volumes, not attached anywhere.
Result<sys::MountFd> open_view(const storage::Store& store, const Server& server);

/// Attaches it to `dir`, or to /run/vservers/NAME/root, and says where. Code::busy where it is there already.
Result<std::string> mount_view(const storage::Store& store, const Server& server, const std::optional<std::string>& dir);

/// By the descriptor of what is found there, as a mount is. False where no view is mounted there.
Result<bool> unmount_view(const model::ServerName& name, const std::optional<std::string>& dir);

}  // namespace vs::server
