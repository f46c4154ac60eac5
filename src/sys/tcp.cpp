#include "sys/tcp.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

#include "sys/call.hpp"

namespace vs::sys {

Result<InetAddress> inet_address(const std::string& text, std::uint16_t port) {
    InetAddress address;
    auto& v4 = reinterpret_cast<sockaddr_in&>(address.bytes);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(address.bytes);
    if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        address.size = sizeof v4;
    } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        address.size = sizeof v6;
    } else {
        return fail(Code::usage, "'{}' is no address: use one of digits, not a name", text);
    }
    return address;
}

Result<SocketFd> connect_tcp(const std::string& address, std::uint16_t port) {
    auto place = TRY(inet_address(address, port));
    SocketFd socket(::socket(place.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return failed("make a socket");
    if (::connect(socket.get(), place.get(), place.size) < 0)
        return failed("connect to '{}' port {}", address, port);
    return socket;
}

Result<> send_all(FdRef socket, std::string_view bytes) {
    while (!bytes.empty()) {
        ssize_t count = -1;
        do count = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        while (count < 0 && errno_now() == EINTR);
        if (count < 0) return failed("send {} bytes", bytes.size());
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

}  // namespace vs::sys
