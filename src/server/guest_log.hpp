#pragma once
// What in a server leads to its log sockets (log_sockets.hpp). Why so: docs/decisions/log.md.

#include "sys/fd.hpp"

namespace vs::server {

enum class LogReader {
    none,     ///< nobody inside listens at /dev/log from the start
    systemd,  ///< its journal does, and forwards
};
/// Who will, by what /sbin/init leads to. Nothing depends on the answer but who gets a message.
LogReader log_reader(sys::FdRef root);

/// Mounts the directory at /dev/vserver, and makes /dev/log lead there, or what systemd's journal forwards to. Precondition: the
/// server's /dev is there, and this process makes files as the server's root `first_id`.
Result<> mount_log_sockets(const sys::MountFd& sockets, sys::FdRef root, std::uint32_t first_id, LogReader reader);

}  // namespace vs::server
