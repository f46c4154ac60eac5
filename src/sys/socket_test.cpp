// Sockets as others see them, and addresses as strangers write them.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/dice.hpp"
#include "sys/file.hpp"
#include "sys/inet_socket.hpp"
#include "sys/link.hpp"
#include "sys/local_socket.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/probe.hpp"
#include "sys/process.hpp"
#include "sys/route.hpp"
#include "sys/scratch_dir.hpp"
#include "sys/sock_diag.hpp"
#include "sys/tcp.hpp"
#include "sys/unix_socket.hpp"

namespace vs::sys {
namespace {

using Texts = std::vector<std::string>;

template <typename T>
std::string text_of(const T& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

sockaddr_in four(std::uint16_t port, std::uint32_t address = INADDR_LOOPBACK) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(port);
    name.sin_addr.s_addr = htonl(address);
    return name;
}
sockaddr_in6 six(std::uint16_t port) {
    sockaddr_in6 name{};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(port);
    name.sin6_addr = in6addr_loopback;
    name.sin6_scope_id = 7;
    return name;
}

TEST(Endpoint, is_read_from_as_many_bytes_as_its_family_has) {
    auto v4 = read_endpoint(text_of(four(80)));
    EXPECT_EQ(v4.kind, Endpoint::Kind::ipv4);
    EXPECT_EQ(v4.address, std::string("\x7f\0\0\1", 4));
    EXPECT_EQ(v4.port, 80);
    auto v6 = read_endpoint(text_of(six(443)));
    EXPECT_EQ(v6.kind, Endpoint::Kind::ipv6);
    EXPECT_EQ(v6.port, 443);
    EXPECT_EQ(v6.scope, 7U);
    EXPECT_EQ(read_endpoint(text_of(six(443)).substr(0, 24)).scope, 0U) << "the old form, without a scope";

    EXPECT_EQ(read_endpoint(text_of(four(80)).substr(0, 15)).kind, Endpoint::Kind::other);
    EXPECT_EQ(read_endpoint(text_of(six(80)).substr(0, 23)).kind, Endpoint::Kind::other);
    for (std::size_t size : {0U, 1U}) EXPECT_EQ(read_endpoint(text_of(four(80)).substr(0, size)).kind, Endpoint::Kind::other);
    EXPECT_EQ(read_endpoint(std::string(2, '\0')).kind, Endpoint::Kind::unspecified);
    EXPECT_EQ(read_endpoint(std::string("\1\0/path", 7)).kind, Endpoint::Kind::other) << "a unix socket";
    EXPECT_EQ(read_endpoint(text_of(four(80)) + "behind it").port, 80);
}

TEST(Endpoint, any_is_what_has_no_bit_set) {
    EXPECT_TRUE(read_endpoint(text_of(four(80, INADDR_ANY))).is_any());
    EXPECT_FALSE(read_endpoint(text_of(four(80, 1))).is_any());
    EXPECT_FALSE(read_endpoint(text_of(six(80))).is_any());
}

TEST(Endpoint, whatever_a_stranger_writes_is_one_or_none) {
    base::Dice dice(1);
    for (int i = 0; i < 3000; ++i) {
        auto read = read_endpoint(dice.damage(dice.toss() ? text_of(four(80)) : text_of(six(80))));
        const std::size_t sizes[] = {0, 0, 4, 16};
        EXPECT_EQ(read.address.size(), sizes[static_cast<int>(read.kind)]);
    }
}

void up() {
    auto socket = NetlinkSocket::open(0).value();
    MessageRow row;
    set_up(row, 1, Arp::on);
    ASSERT_TRUE(socket.run(row));
}

template <typename Name>
SocketFd bound(int family, int type, const Name& name) {
    SocketFd socket(::socket(family, type | SOCK_CLOEXEC, type == SOCK_RAW ? IPPROTO_ICMP : 0));
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    return socket;
}

TEST(InetSocket, is_told_by_kind_and_name_and_can_be_bound_for_its_owner) {
    in_own_namespaces(CLONE_NEWNET, [] {
        up();
        SocketFd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        auto kind = kind_of(socket).value();
        EXPECT_TRUE(kind.is_inet && kind.is_six && !kind.only_six);
        EXPECT_NE(kind.network, 0U);
        EXPECT_FALSE(kind_of(SocketFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)))->is_inet);
        EXPECT_FALSE(kind_of(SocketFd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP)))->is_inet);
        EXPECT_FALSE(kind_of(open_at(kHere, "/dev/null", O_RDONLY).value()));

        ASSERT_TRUE(bind_to(socket, {Endpoint::Kind::ipv6, std::string(16, '\0'), 5353}));
        EXPECT_EQ(name_of(socket)->port, 5353);
        EXPECT_TRUE(name_of(socket)->is_any());
        SocketFd second(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(bind_to(second, {Endpoint::Kind::ipv6, std::string(16, '\0'), 5353}).error().errno_value, EADDRINUSE);

        SocketFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_TRUE(set_source(client, std::string_view("\x7f\0\0\2", 4)));
        EXPECT_EQ(name_of(client)->address, std::string("\x7f\0\0\2", 4));
        EXPECT_EQ(name_of(client)->port, 0) << "still open";
        EXPECT_FALSE(set_source(client, std::string_view("\x0a\0\0\1", 4))) << "bound already, and no address of ours";
    });
}

TEST(SockDiag, lists_what_somebody_can_reach_and_nothing_else) {
    in_own_namespaces(CLONE_NEWNET, [] {
        up();
        EXPECT_TRUE(open_sockets().value().empty());
        auto tcp = bound(AF_INET, SOCK_STREAM, four(8080)), udp = bound(AF_INET6, SOCK_DGRAM, six(53)), quiet = bound(AF_INET, SOCK_STREAM, four(9090));
        ASSERT_EQ(::listen(tcp.get(), 1), 0);
        Texts found;
        const auto sockets = open_sockets().value();
        for (const auto& socket : sockets) {
            found.push_back(fmt::format("{} {} {}", socket.protocol, socket.port, socket.address));
            EXPECT_EQ(socket.uid, 0U);
            EXPECT_NE(socket.inode, 0U);
        }
        std::ranges::sort(found);
        EXPECT_EQ(found, (Texts{"tcp 8080 127.0.0.1", "udp 53 ::1"})) << "what is bound and does not listen is out of reach";
    });
}

TEST(SockDiag, looks_into_another_network_and_comes_back) {
    in_own_namespaces(CLONE_NEWNET, [] {
        auto network = make_network_namespace().value();
        up();
        auto tcp = bound(AF_INET, SOCK_STREAM, four(8080));
        ASSERT_EQ(::listen(tcp.get(), 1), 0);
        EXPECT_TRUE(open_sockets_of(network).value().empty());
        EXPECT_EQ(open_sockets().value().size(), 1U);
        const auto here = open_at(kHere, "/proc/self/ns/net", O_RDONLY).value();
        EXPECT_TRUE(tcp_answers(here, "127.0.0.1", 8080).value());
        EXPECT_FALSE(tcp_answers(here, "127.0.0.1", 8081).value());
        EXPECT_FALSE(tcp_answers(here, "::1", 8080).value());
        EXPECT_FALSE(tcp_answers(network, "127.0.0.1", 8080).value());
        EXPECT_EQ(tcp_answers(here, "localhost", 8080).error().code, Code::usage);
        EXPECT_TRUE(connect_tcp("127.0.0.1", 8080));
        EXPECT_FALSE(connect_tcp("127.0.0.1", 8081));
        EXPECT_FALSE(connect_tcp("localhost", 8080));
    });
}

TEST(Probe, takes_a_refusal_for_an_answer_and_silence_for_none) {
    in_own_namespaces(CLONE_NEWNET, [] {
        up();
        const auto here = open_at(kHere, "/proc/self/ns/net", O_RDONLY).value();
        auto texts = [&](const std::vector<Probe>& probes) {
            Texts found;
            const auto got = answered(here, probes, std::chrono::milliseconds(300)).value();
            for (const auto& probe : got) found.push_back(probe_text(probe));
            std::ranges::sort(found);
            return found;
        };
        auto tcp = bound(AF_INET, SOCK_STREAM, four(8080));
        ASSERT_EQ(::listen(tcp.get(), 1), 0);
        const std::vector<Probe> all = {{Probe::Kind::tcp, "127.0.0.1", 8080}, {Probe::Kind::udp, "127.0.0.1", 9}, {Probe::Kind::udp, "::1", 9},
                                        {Probe::Kind::echo, "127.0.0.1", 0}, {Probe::Kind::echo, "::1", 0}, {Probe::Kind::tcp, "192.0.2.1", 9}};
        EXPECT_EQ(texts(all), (Texts{"echo 127.0.0.1", "echo ::1", "tcp 127.0.0.1:8080", "udp 127.0.0.1:9", "udp ::1:9"})) << "and no way is no answer";
        EXPECT_EQ(answered(here, {{Probe::Kind::tcp, "localhost", 9}}, std::chrono::milliseconds(300)).error().code, Code::usage);
        ASSERT_TRUE(run_checked({"nft", "add table inet t { chain c { type filter hook input priority 0; policy drop; }; }"}, {}));
        EXPECT_EQ(texts(all), Texts()) << "silence";
    });
}

TEST(SockDiag, abstract_names_answer_in_their_network_only) {
    in_own_namespaces(CLONE_NEWNET, [] {
        const auto here = open_at(kHere, "/proc/self/ns/net", O_RDONLY).value();
        auto network = make_network_namespace().value();
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::memcpy(name.sun_path + 1, "door", 4);
        SocketFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&name), offsetof(sockaddr_un, sun_path) + 5), 0);
        ASSERT_EQ(::listen(socket.get(), 1), 0);
        EXPECT_TRUE(abstract_answers(here, "door").value());
        EXPECT_FALSE(abstract_answers(here, "doo").value());
        EXPECT_FALSE(abstract_answers(network, "door").value());
        EXPECT_FALSE(abstract_answers(here, std::string(108, 'x')));
    });
}

TEST(SockDiag, sockets_that_leave_the_machine_by_other_ways_are_told) {
    in_own_namespaces(CLONE_NEWNET, [] {
        auto proc = open_dir(kHere, "/proc").value();
        EXPECT_TRUE(unusual_sockets(proc, ::getpid()).value().empty());
        SocketFd packet(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)), plain(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(unusual_sockets(proc, ::getpid()).value(), Texts{"packet"});
        EXPECT_TRUE(unusual_sockets(proc, 0x7ffffff0).value().empty()) << "gone meanwhile";
    });
}

TEST(UnixSocket, a_name_is_made_anew_with_the_mode_and_tells_who_sends) {
    ScratchDir scratch;
    auto first = bind_datagram(scratch.dir(), "socket", 0620).value();
    EXPECT_EQ(stat_at(scratch.dir(), "socket")->st_mode, S_IFSOCK | 0620U);
    auto second = bind_datagram(scratch.dir(), "socket", 0600).value();
    ASSERT_TRUE(send_datagram(scratch.dir(), "socket", "x"));
    EXPECT_EQ(receive_message(second).value(), "x");
    second.reset();
    EXPECT_EQ(send_datagram(scratch.dir(), "socket", "x").error().errno_value, ECONNREFUSED);
    EXPECT_EQ(send_datagram(scratch.dir(), "none", "x").error().errno_value, ENOENT);
    EXPECT_FALSE(bind_datagram(scratch.dir(), std::string(100, 'x'), 0600));
    scratch.make_dir("dir");
    EXPECT_FALSE(bind_datagram(scratch.dir(), "dir", 0600)) << "what is no socket is left alone";
    EXPECT_TRUE(scratch.has("dir"));
    EXPECT_TRUE(listen_stream(scratch.dir(), "stream", 0600));
}

TEST(UnixSocket, a_message_that_would_have_to_wait_is_not_sent) {
    auto sockets = make_socket_pair().value();
    int sent = 0;
    while (sent < 100'000 && try_send_message(sockets.ours, std::string(1000, 'x')).value()) ++sent;
    EXPECT_LT(sent, 100'000);
    ASSERT_EQ(receive_message(sockets.theirs)->size(), 1000U);
    sockets.theirs.reset();
    EXPECT_FALSE(try_send_message(sockets.ours, "x")) << "nobody is there any more, which is not the same";
}

TEST(LocalSocket, knows_who_connected_and_takes_the_place_of_nobody_who_listens) {
    ScratchDir scratch;
    const auto path = scratch.path("socket");
    EXPECT_EQ(raw::connect_local(path.c_str()), -ENOENT);
    auto listening = listen_local(path).value();
    EXPECT_EQ(stat_at(scratch.dir(), "socket")->st_mode & 07777, 0666U) << "everybody may connect";
    EXPECT_EQ(listen_local(path).error().code, Code::busy);
    Fd client(raw::connect_local(path.c_str()));
    auto accepted = accept_local(listening).value();
    (void)accept_local(listening);  // that of the one who tried to listen
    auto peer = peer_of(accepted).value();
    EXPECT_EQ(peer.pid, ::getpid());
    EXPECT_EQ(peer.uid, ::getuid());
    EXPECT_TRUE(peer_process(accepted));
    listening.reset();
    EXPECT_TRUE(listen_local(path)) << "one that nobody listens on any more is replaced";
    const std::string far(200, 'x');
    EXPECT_EQ(listen_local(scratch.path(far)).error().code, Code::usage);
    EXPECT_EQ(raw::connect_local(scratch.path(far).c_str()), -ENAMETOOLONG);
}

TEST(LocalSocket, waits_no_longer_than_it_was_told_to) {
    auto sockets = make_socket_pair().value();
    ASSERT_TRUE(limit_waiting(sockets.ours, Milliseconds(20)));
    auto silent = receive_message(sockets.ours);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().errno_value, EAGAIN);
}

}  // namespace
}  // namespace vs::sys
