#pragma once
// A connection to somebody else's server.

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "sys/fd.hpp"

namespace vs::sys {

struct InetAddress {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};
/// Code::usage for what is no address of digits.
Result<InetAddress> inet_address(const std::string& text, std::uint16_t port);

/// `address` is an IPv4 or IPv6 address: a name would bring the libraries of name services into a program that has none.
Result<SocketFd> connect_tcp(const std::string& address, std::uint16_t port);
/// All of it. EPIPE or ECONNRESET where the other side has gone; no signal.
Result<> send_all(FdRef socket, std::string_view bytes);

}  // namespace vs::sys
