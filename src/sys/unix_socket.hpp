#pragma once
// Unix sockets with a name in a directory of the host. The path goes by the directory's descriptor, so its length and what
// is put in its place do not matter.

#include <string>
#include <string_view>

#include "sys/fd.hpp"

namespace vs::sys {

/// A socket that takes messages, or connections, under `name`, which is made anew, with exactly these mode bits. Each
/// message says who sent it (SO_PASSCRED).
Result<SocketFd> bind_datagram(FdRef directory, const std::string& name, unsigned mode);
Result<SocketFd> listen_stream(FdRef directory, const std::string& name, unsigned mode);

/// From now on nobody can send a descriptor along with a message to it, or to a connection that it takes (SO_PASSRIGHTS, Linux 6.16);
/// before, such a socket takes them. Closing one may wait for as long as its sender has chosen, by SO_LINGER for instance.
Result<> refuse_descriptors(const SocketFd& socket);

/// One message to whoever has bound `name`; waits while its queue is full, five seconds at most (EAGAIN). ECONNREFUSED where nobody holds the socket.
Result<> send_datagram(FdRef directory, const std::string& name, std::string_view text);

/// A message over a socket pair of ours (fd.hpp). False where the other side has so many already that this one would have to wait.
Result<bool> try_send_message(FdRef socket, std::string_view text);

}  // namespace vs::sys
