#include "sys/local_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sys/call.hpp"
#include "sys/file.hpp"

namespace vs::sys {

namespace {

constexpr int kPeerPidfd = 77;  // SO_PEERPIDFD, Linux 6.5; Debian 12's headers are of 6.1

struct Address {
    sockaddr_un value{};
    bool fits;
    explicit Address(const char* path) : fits(std::strlen(path) < sizeof value.sun_path) {
        value.sun_family = AF_UNIX;
        if (fits) std::strcpy(value.sun_path, path);
    }
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&value); }
};

SocketFd make_socket() { return SocketFd(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)); }

}  // namespace

Result<SocketFd> listen_local(const std::string& path) {
    const Address address(path.c_str());
    auto socket = make_socket();
    if (!address.fits) return fail(Code::usage, "the path of the socket is too long: {}", path);
    if (!socket.is_open()) return failed("socket AF_UNIX");
    if (int other = raw::connect_local(path.c_str()); other >= 0) {
        ::close(other);
        return fail(Code::busy, "somebody listens on '{}' already", path);
    }
    if (::unlink(path.c_str()) < 0 && errno != ENOENT) return failed("remove '{}'", path);
    if (::bind(socket.get(), address.get(), sizeof address.value) < 0) return failed("bind to '{}'", path);
    if (::chmod(path.c_str(), 0666) < 0) return failed("chmod '{}'", path);
    if (::listen(socket.get(), SOMAXCONN) < 0) return failed("listen on '{}'", path);
    return socket;
}

Result<SocketFd> accept_local(FdRef listening) {
    int fd = -1;
    do fd = ::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC);
    while (fd < 0 && errno_now() == EINTR);
    if (fd < 0) return failed("accept a connection");
    return SocketFd(fd);
}

Result<Peer> peer_of(FdRef connection) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) return failed("ask who connected");
    if (credentials.pid <= 0) return fail(Code::denied, "whoever connected is in no PID namespace below ours");
    return Peer{credentials.pid, credentials.uid};
}

Result<PidFd> peer_process(FdRef connection) {
    int fd = -1;
    socklen_t size = sizeof fd;
    if (::getsockopt(connection.get(), SOL_SOCKET, kPeerPidfd, &fd, &size) == 0) return PidFd(fd);
    if (errno_now() != ENOPROTOOPT) return failed("ask which process connected");
    return open_pidfd(TRY(peer_of(connection)).pid);
}

Result<> limit_waiting(FdRef connection, Milliseconds limit) {
    const timeval value{limit.count() / 1000, (limit.count() % 1000) * 1000};
    for (int option : {SO_RCVTIMEO, SO_SNDTIMEO})
        if (::setsockopt(connection.get(), SOL_SOCKET, option, &value, sizeof value) < 0) return failed("set the limit of a socket");
    return {};
}

int raw::connect_local(const char* path) {
    const Address address(path);
    if (!address.fits) return -ENAMETOOLONG;
    int fd = ::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno_now();
    if (::connect(fd, address.get(), sizeof address.value) == 0) return fd;
    int error = -errno_now();
    ::close(fd);
    return error;
}

}  // namespace vs::sys
