#include "sys/sock_diag.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/sock_diag.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/netlink.hpp"

namespace vs::sys {

namespace {

constexpr std::uint32_t kEveryState = ~0U, kListening = 1U << 10;  // TCP_LISTEN of net/tcp_states.h

struct Question {
    const char* name;
    std::uint8_t protocol;
    std::uint32_t states;
};
constexpr Question kQuestions[] = {{"tcp", IPPROTO_TCP, kListening}, {"udp", IPPROTO_UDP, kEveryState}, {"raw", IPPROTO_RAW, kEveryState}};

std::string address_text(std::uint8_t family, const std::uint32_t* words) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return ::inet_ntop(family, words, text.data(), text.size()) == nullptr ? "?" : text.data();
}

Result<> ask(NetlinkSocket& socket, const Question& question, std::uint8_t family, std::vector<OpenSocket>& found) {
    inet_diag_req_v2 request{};
    request.sdiag_family = family;
    request.sdiag_protocol = question.protocol;
    request.idiag_states = question.states;
    MessageRow row;
    row.begin(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, bytes_of(request), fmt::format("list {} sockets", question.name));
    auto dumped = socket.dump(row, [&](std::string_view answer) {
        inet_diag_msg message{};
        if (answer.size() < sizeof message) return;
        std::memcpy(&message, answer.data(), sizeof message);
        found.push_back({question.name, ::ntohs(message.id.idiag_sport), address_text(message.idiag_family, message.id.idiag_src),
                         message.idiag_uid, message.idiag_inode});
    });
    // A kernel without this module has no list of raw sockets; without that of TCP and UDP nothing can be said.
    bool absent = !dumped && dumped.error().errno_value == ENOENT && question.protocol == IPPROTO_RAW;
    return absent ? Result<>() : dumped;
}

Result<std::vector<OpenSocket>> list(NetlinkSocket socket) {
    std::vector<OpenSocket> found;
    for (const auto& question : kQuestions)
        for (int family : {AF_INET, AF_INET6}) TRY(ask(socket, question, static_cast<std::uint8_t>(family), found));
    return found;
}

}  // namespace

Result<std::vector<OpenSocket>> open_sockets() { return list(TRY(NetlinkSocket::open(NETLINK_SOCK_DIAG))); }

Result<std::vector<OpenSocket>> open_sockets_of(FdRef pidfd) {
    auto home = TRY(open_at(kHere, "/proc/self/ns/net", O_RDONLY));
    TRY(join(pidfd, CLONE_NEWNET));
    auto socket = NetlinkSocket::open(NETLINK_SOCK_DIAG);
    TRY(join(home, CLONE_NEWNET));
    return list(TRY(std::move(socket)));
}

}  // namespace vs::sys
