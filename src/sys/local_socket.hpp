#pragma once
// Sockets of this machine with a path (unix(7)) that keep messages apart: asking a service, and being one.

#include <chrono>
#include <cstdint>
#include <string>

#include "sys/process.hpp"

namespace vs::sys {

/// Makes the socket, or replaces one that nobody listens on any more. Everybody may connect.
Result<SocketFd> listen_local(const std::string& path);
Result<SocketFd> accept_local(FdRef listening);

/// Who connected, by what he was then (SO_PEERCRED): numbers of our own user and PID namespace. The pid may be another's by now.
struct Peer {
    pid_t pid = 0;
    std::uint32_t uid = 0;
};
Result<Peer> peer_of(FdRef connection);
/// The process itself: by SO_PEERPIDFD from Linux 6.5 on, before that by its pid, which is then the caller's to verify.
Result<PidFd> peer_process(FdRef connection);

/// From now on no send or receive waits longer.
Result<> limit_waiting(FdRef connection, Milliseconds limit);

namespace raw {
/// A connection, or a negative errno. Fork-safety: async-signal-safe.
int connect_local(const char* path);
}  // namespace raw

}  // namespace vs::sys
