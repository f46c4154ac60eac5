#pragma once
// Internet sockets of other programs (ip(7), ipv6(7)): what one is, where it is bound, and binding it for its owner.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sys/fd.hpp"

namespace vs::sys {

/// An address and a port, from a struct sockaddr or for one.
struct Endpoint {
    enum class Kind { other, unspecified, ipv4, ipv6 } kind = Kind::other;  ///< unspecified: AF_UNSPEC
    std::string address;                                                    ///< in network order: 4 or 16 bytes
    std::uint16_t port = 0;
    std::uint32_t scope = 0;
    [[nodiscard]] bool is_any() const { return address.find_first_not_of('\0') == std::string::npos; }
};
/// `bytes` begins with a struct sockaddr; one that is too short for its family is `other`.
Endpoint read_endpoint(std::string_view bytes);

struct SocketKind {
    bool is_inet = false;   ///< TCP, UDP and the like of either family
    bool is_six = false;
    bool only_six = false;  ///< IPV6_V6ONLY
    std::uint64_t network = 0;  ///< SO_NETNS_COOKIE
};
Result<SocketKind> kind_of(FdRef socket);
Result<Endpoint> name_of(FdRef socket);

/// bind(2). The socket's owner has it too.
Result<> bind_to(FdRef socket, const Endpoint& endpoint);
/// Gives it an address and leaves its port open: it may still be bound, listen, or connect from any port.
Result<> set_source(FdRef socket, std::string_view address);

}  // namespace vs::sys
