#pragma once
// Files of the host that settings name and a server is to be shown.

#include <string>

#include "sys/fd.hpp"

namespace vs::server {

/// What an absolute path of the host leads to (O_PATH), where only root and the owner of what is there decide that.
///
/// Security: a directory on the way that an ordinary user owns or may write is a path of his choice. With a link, or with
/// something of another's in the place of his own, he would have his server read and write what he may not. So no link is
/// followed, and every directory above belongs to root or to the owner of what is opened, and nobody else writes there (where
/// the sticky bit is set, as in /tmp, others may, for they cannot replace what is not theirs). Code::denied otherwise.
Result<sys::Fd> open_host_path(const std::string& path);

/// The same for a place that is root's: every directory above is root's, whoever what is there belongs to. A server's root belongs to
/// whom its guest says.
Result<sys::Fd> open_root_path(const std::string& path);

}  // namespace vs::server
