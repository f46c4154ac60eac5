#pragma once
// Where a server's log messages arrive: sockets of the host's, in a directory that is mounted into the server read-only, so that
// nobody inside can remove or replace them. Which server has spoken is told by the socket, and by nothing that was said.
//
//     /run/vservers/NAME/log/log       /dev/vserver/log in the server: what /dev/log leads to
//                           /journal   the same, for systemd's journal to forward to
//                           /stream    the same, for who wants a connection
//     /run/vservers/NAME/note          the host's own words about the server (log_note.hpp); not in the server
//
// Keeper and recorder both hold all of them, so either can die and no message that waits is lost. Where both are gone, new ones
// take their names.

#include "sys/fd.hpp"

namespace vs::server {

struct LogSockets {
    sys::SocketFd log, journal, stream, note;
    /// A queue from and to ourselves, in which the recorder keeps a copy of each connection: it outlives the recorder.
    sys::SocketFd kept_in, kept_out;
};

/// `run` is /run/vservers/NAME. What has these names already is replaced.
Result<LogSockets> make_log_sockets(sys::FdRef run);
Result<> remove_log_sockets(sys::FdRef run);

/// The directory of those that the server sees.
inline constexpr const char* kLogSocketDir = "log";

}  // namespace vs::server
