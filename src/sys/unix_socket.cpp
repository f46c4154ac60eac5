#include "sys/unix_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sys/call.hpp"
#include "sys/file.hpp"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

namespace vs::sys {

namespace {

/// "/proc/self/fd/7/log": always short enough for a sockaddr_un where the name is.
Result<sockaddr_un> address_of(FdRef directory, const std::string& name) {
    sockaddr_un address{};
    const auto path = fmt::format("/proc/self/fd/{}/{}", directory.get(), name);
    if (path.size() >= sizeof address.sun_path) return fail(Code::failed, "the socket's name '{}' is too long", name);
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

Result<SocketFd> bind_new(FdRef directory, const std::string& name, unsigned mode, int type) {
    auto address = TRY(address_of(directory, name));
    SocketFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return failed("make a socket");
    int yes = 1;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) < 0) return failed("ask for the senders of messages");
    bool bound = ::bind(socket.get(), generic(address), sizeof address) == 0;
    if (!bound && errno_now() == EADDRINUSE) {
        if (::unlinkat(directory.get(), name.c_str(), 0) < 0) return failed("remove '{}'", name);
        bound = ::bind(socket.get(), generic(address), sizeof address) == 0;
    }
    if (!bound) return failed("bind the socket '{}'", name);
    if (::fchmodat(directory.get(), name.c_str(), mode, 0) < 0) return failed("chmod '{}'", name);
    return socket;
}

}  // namespace

Result<SocketFd> bind_datagram(FdRef directory, const std::string& name, unsigned mode) {
    return bind_new(directory, name, mode, SOCK_DGRAM);
}

Result<SocketFd> listen_stream(FdRef directory, const std::string& name, unsigned mode) {
    constexpr int kWaiting = 16;
    auto socket = TRY(bind_new(directory, name, mode, SOCK_STREAM));
    if (::listen(socket.get(), kWaiting) < 0) return failed("listen on '{}'", name);
    return socket;
}

Result<> refuse_descriptors(const SocketFd& socket) {
    int no = 0;
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_PASSRIGHTS, &no, sizeof no) < 0 && errno_now() != ENOPROTOOPT)
        return failed("refuse descriptors at a socket");
    return {};
}

Result<> send_datagram(FdRef directory, const std::string& name, std::string_view text) {
    auto address = TRY(address_of(directory, name));
    SocketFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return failed("make a socket");
    constexpr timeval kPatience{.tv_sec = 5, .tv_usec = 0};
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) < 0) return failed("bound the wait for '{}'", name);
    if (::sendto(socket.get(), text.data(), text.size(), MSG_NOSIGNAL, generic(address), sizeof address) < 0)
        return failed("send to the socket '{}'", name);
    return {};
}

Result<bool> try_send_message(FdRef socket, std::string_view text) {
    if (::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
    int reason = errno_now();
    if (reason == EAGAIN || reason == EWOULDBLOCK) return false;
    return std::unexpected<Error>(error_from(reason, "send a message"));
}

}  // namespace vs::sys
