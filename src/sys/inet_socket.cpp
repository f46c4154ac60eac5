#include "sys/inet_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "sys/call.hpp"

namespace vs::sys {

namespace {

constexpr int kNetworkCookie = 71;  // SO_NETNS_COOKIE; Debian 12's libc does not name it

Result<int> option(FdRef socket, int level, int name) {
    int value = 0;
    socklen_t size = sizeof value;
    if (::getsockopt(socket.get(), level, name, &value, &size) < 0) return failed("ask for option {} of a socket", name);
    return value;
}

struct Name {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    [[nodiscard]] sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

Name name_from(const Endpoint& endpoint) {
    Name name;
    if (endpoint.kind == Endpoint::Kind::ipv4) {
        auto* four = reinterpret_cast<sockaddr_in*>(&name.storage);
        four->sin_family = AF_INET;
        four->sin_port = htons(endpoint.port);
        endpoint.address.copy(reinterpret_cast<char*>(&four->sin_addr), sizeof four->sin_addr);
        name.size = sizeof *four;
    } else {
        auto* six = reinterpret_cast<sockaddr_in6*>(&name.storage);
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(endpoint.port);
        six->sin6_scope_id = endpoint.scope;
        endpoint.address.copy(reinterpret_cast<char*>(&six->sin6_addr), sizeof six->sin6_addr);
        name.size = sizeof *six;
    }
    return name;
}

template <typename T>
std::string bytes_of(const T& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

}  // namespace

Endpoint read_endpoint(std::string_view bytes) {
    sa_family_t family = AF_UNSPEC;
    if (bytes.size() < sizeof family) return {};
    std::memcpy(&family, bytes.data(), sizeof family);
    if (family == AF_UNSPEC) return {Endpoint::Kind::unspecified, {}};
    if (family == AF_INET && bytes.size() >= sizeof(sockaddr_in)) {
        sockaddr_in four{};
        std::memcpy(&four, bytes.data(), sizeof four);
        return {Endpoint::Kind::ipv4, bytes_of(four.sin_addr), ntohs(four.sin_port)};
    }
    constexpr std::size_t kLeast = offsetof(sockaddr_in6, sin6_scope_id);  // RFC 2133 had no scope
    if (family != AF_INET6 || bytes.size() < kLeast) return {};
    sockaddr_in6 six{};
    std::memcpy(&six, bytes.data(), std::min(bytes.size(), sizeof six));
    return {Endpoint::Kind::ipv6, bytes_of(six.sin6_addr), ntohs(six.sin6_port), six.sin6_scope_id};
}

Result<SocketKind> kind_of(FdRef socket) {
    SocketKind kind;
    const int domain = TRY(option(socket, SOL_SOCKET, SO_DOMAIN)), type = TRY(option(socket, SOL_SOCKET, SO_TYPE));
    kind.is_six = domain == AF_INET6;
    kind.is_inet = (domain == AF_INET || kind.is_six) && (type == SOCK_STREAM || type == SOCK_DGRAM);
    if (!kind.is_inet) return kind;
    if (kind.is_six) kind.only_six = TRY(option(socket, IPPROTO_IPV6, IPV6_V6ONLY)) != 0;
    socklen_t size = sizeof kind.network;
    if (::getsockopt(socket.get(), SOL_SOCKET, kNetworkCookie, &kind.network, &size) < 0) return failed("ask for SO_NETNS_COOKIE");
    return kind;
}

Result<Endpoint> name_of(FdRef socket) {
    Name name;
    if (::getsockname(socket.get(), name.get(), &name.size) < 0) return failed("ask for the name of a socket");
    return read_endpoint({reinterpret_cast<const char*>(&name.storage), name.size});
}

Result<> bind_to(FdRef socket, const Endpoint& endpoint) {
    auto name = name_from(endpoint);
    if (::bind(socket.get(), name.get(), name.size) < 0) return failed("bind a socket");
    return {};
}

Result<> set_source(FdRef socket, std::string_view address) {
    const int before = TRY(option(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT)), on = 1;
    if (::setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) < 0) return failed("set IP_BIND_ADDRESS_NO_PORT");
    auto bound = bind_to(socket, {address.size() == 4 ? Endpoint::Kind::ipv4 : Endpoint::Kind::ipv6, std::string(address)});
    if (::setsockopt(socket.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &before, sizeof before) < 0) return failed("set IP_BIND_ADDRESS_NO_PORT");
    return bound;
}

}  // namespace vs::sys
