#pragma once
// The sockets of a network namespace that somebody can connect or send to (sock_diag(7)): what the kernel has, whatever the
// files of a procfs show.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

struct OpenSocket {
    std::string protocol;      ///< "tcp", "udp", "raw"
    std::uint16_t port = 0;    ///< of a raw socket: its protocol's number
    std::string address;       ///< "0.0.0.0", "::1"
    std::uint32_t uid = 0;     ///< of who made it, as the host counts
    std::uint32_t inode = 0;
};

/// TCP that listens, UDP and raw sockets, of the namespace of this process or of the one behind the pidfd.
/// Single-threaded: the process visits that namespace for a moment.
Result<std::vector<OpenSocket>> open_sockets();
Result<std::vector<OpenSocket>> open_sockets_of(FdRef pidfd);

/// Sockets that a process has open of families that leave the machine past Internet protocols: "vsock, listening", "packet"; and of Internet
/// protocols those of a network that is neither ours nor its own: "of another network". Not every kernel can list those of a family
/// (vsock, RDS, ...), but each has a descriptor. Nothing where the process is gone.
/// Precondition: root.
Result<std::vector<std::string>> unusual_sockets(FdRef proc, pid_t pid);

}  // namespace vs::sys
