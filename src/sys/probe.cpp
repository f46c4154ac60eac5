#include "sys/probe.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/sched.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "sys/call.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/tcp.hpp"

namespace vs::sys {

namespace {

/// A socket of that network, with which a connection is given up soon.
Result<SocketFd> socket_in(FdRef network, int family, int type) {
    auto home = TRY(open_at(kHere, "/proc/self/ns/net", O_RDONLY));
    TRY(join(network, CLONE_NEWNET));
    SocketFd socket(::socket(family, type | SOCK_CLOEXEC, 0));
    int error = errno;
    TRY(join(home, CLONE_NEWNET));
    if (!socket.is_open()) return std::unexpected<Error>(error_from(error, "make a socket to probe with"));
    constexpr timeval kPatience{.tv_sec = 0, .tv_usec = 300'000};
    if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience) < 0) return failed("bound a probe's time");
    return socket;
}

Result<bool> connects(const SocketFd& socket, const void* address, std::size_t size) {
    return ::connect(socket.get(), static_cast<const sockaddr*>(address), static_cast<socklen_t>(size)) == 0;
}

bool is_ipv4(const InetAddress& address) { return address.bytes.ss_family == AF_INET; }

/// Asked, and waiting; or not, where the network has no way there.
struct Asked {
    const Probe* probe = nullptr;
    SocketFd socket;
};

SocketFd socket_for(const Probe& probe, const InetAddress& to) {
    int family = to.bytes.ss_family, flags = SOCK_CLOEXEC | SOCK_NONBLOCK;
    if (probe.kind == Probe::Kind::tcp) return SocketFd(::socket(family, SOCK_STREAM | flags, 0));
    if (probe.kind == Probe::Kind::udp) return SocketFd(::socket(family, SOCK_DGRAM | flags, 0));
    return SocketFd(::socket(family, SOCK_RAW | flags, is_ipv4(to) ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6)));
}

/// Type, code, checksum: of an otherwise empty packet that is the complement of the type. The kernel computes that of ICMPv6.
std::array<unsigned char, 8> echo_request(const InetAddress& to) {
    if (!is_ipv4(to)) return {ICMPV6_ECHO_REQUEST};
    return {ICMP_ECHO, 0, 0xff - ICMP_ECHO, 0xff};
}

/// Closed where there is no way.
Result<SocketFd> ask(const Probe& probe) {
    auto to = TRY(inet_address(probe.address, probe.port));
    auto socket = socket_for(probe, to);
    if (!socket.is_open()) return failed("make a socket to probe with");
    if (::connect(socket.get(), to.get(), to.size) < 0 && errno_now() != EINPROGRESS) return SocketFd();
    auto packet = echo_request(to);
    std::size_t size = probe.kind == Probe::Kind::echo ? packet.size() : 0;
    if (probe.kind != Probe::Kind::tcp && ::send(socket.get(), packet.data(), size, 0) < 0) return SocketFd();
    return socket;
}

Result<std::vector<Asked>> ask_all(FdRef network, const std::vector<Probe>& probes) {
    auto home = TRY(open_at(kHere, "/proc/self/ns/net", O_RDONLY));
    TRY(join(network, CLONE_NEWNET));
    std::vector<Asked> asked;
    Result<> done;
    for (const auto& probe : probes) {
        auto socket = ask(probe);
        if (!socket) done = std::unexpected<Error>(socket.error());
        else if (socket->is_open()) asked.push_back({&probe, std::move(*socket)});
    }
    TRY(join(home, CLONE_NEWNET));
    TRY(std::move(done));
    return asked;
}

}  // namespace

Result<bool> tcp_answers(FdRef network, const std::string& address, std::uint16_t port) {
    auto to = TRY(inet_address(address, port));
    return connects(TRY(socket_in(network, to.bytes.ss_family, SOCK_STREAM)), to.get(), to.size);
}

Result<bool> abstract_answers(FdRef network, const std::string& name) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() >= sizeof address.sun_path) return fail(Code::usage, "an abstract name is too long");
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    auto size = offsetof(sockaddr_un, sun_path) + 1 + name.size();
    for (int type : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM})
        if (TRY(connects(TRY(socket_in(network, AF_UNIX, type)), &address, size))) return true;
    return false;
}

std::string probe_text(const Probe& probe) {
    if (probe.kind == Probe::Kind::echo) return "echo " + probe.address;
    return fmt::format("{} {}:{}", probe.kind == Probe::Kind::tcp ? "tcp" : "udp", probe.address, probe.port);
}

Result<std::vector<Probe>> answered(FdRef network, const std::vector<Probe>& probes, std::chrono::milliseconds patience) {
    auto asked = TRY(ask_all(network, probes));
    std::vector<pollfd> waiting;
    for (const auto& one : asked) waiting.push_back({one.socket.get(), static_cast<short>(one.probe->kind == Probe::Kind::tcp ? POLLOUT : POLLIN), 0});
    std::vector<Probe> found;
    auto end = std::chrono::steady_clock::now() + patience;
    for (auto left = patience; left.count() > 0; left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now())) {
        if (::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) < 0 && errno_now() != EINTR) return failed("wait for answers");
        for (std::size_t i = 0; i < waiting.size(); ++i)
            if (waiting[i].fd >= 0 && waiting[i].revents != 0) {
                found.push_back(*asked[i].probe);
                waiting[i].fd = -1;  // which poll() passes over
            }
    }
    return found;
}

}  // namespace vs::sys
