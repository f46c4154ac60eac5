#pragma once
// A connection to somebody else's server.

#include <cstdint>
#include <string>
#include <string_view>

#include "sys/fd.hpp"

namespace vs::sys {

/// `address` is an IPv4 or IPv6 address: a name would bring the libraries of name services into a program that has none.
Result<SocketFd> connect_tcp(const std::string& address, std::uint16_t port);
/// All of it. EPIPE or ECONNRESET where the other side has gone; no signal.
Result<> send_all(FdRef socket, std::string_view bytes);

}  // namespace vs::sys
