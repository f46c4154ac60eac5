#include "sys/sock_diag.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "sys/call.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/netlink.hpp"
#include "sys/process.hpp"

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

int option_of(FdRef socket, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(socket.get(), SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

/// "net:[4026531840]" of a socket, which need not be that of who has it. Empty where it cannot be told.
std::string network_of(FdRef socket) {
    Fd network(::ioctl(socket.get(), SIOCGSKNS));
    return network.is_open() ? read_link(kHere, fmt::format("/proc/self/fd/{}", network.get())).value_or("") : "";
}

/// nullopt for what stays in the machine, and for what open_sockets() lists.
std::optional<std::string> describe_unusual(FdRef socket, const std::vector<std::string>& known_networks) {
    constexpr int kUsual[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_ALG, AF_KEY};
    constexpr std::pair<int, const char*> kNames[] = {{AF_VSOCK, "vsock"}, {AF_PACKET, "packet"}, {AF_XDP, "xdp"}, {AF_BLUETOOTH, "bluetooth"}, {AF_TIPC, "tipc"}};
    int family = option_of(socket, SO_DOMAIN);
    bool is_internet = family == AF_INET || family == AF_INET6;
    if (is_internet && std::find(known_networks.begin(), known_networks.end(), network_of(socket)) == known_networks.end()) return "of another network";
    if (std::find(std::begin(kUsual), std::end(kUsual), family) != std::end(kUsual)) return std::nullopt;
    auto named = std::find_if(std::begin(kNames), std::end(kNames), [&](const auto& row) { return row.first == family; });
    auto name = named == std::end(kNames) ? fmt::format("family {}", family) : std::string(named->second);
    return option_of(socket, SO_ACCEPTCONN) == 1 ? name + ", listening" : name;
}

}  // namespace

Result<std::vector<OpenSocket>> open_sockets() { return list(TRY(NetlinkSocket::open(NETLINK_SOCK_DIAG))); }

Result<std::vector<OpenSocket>> open_sockets_of(FdRef pidfd) {
    return list(TRY(NetlinkSocket::open_in(pidfd, NETLINK_SOCK_DIAG)));
}

Result<std::vector<std::string>> unusual_sockets(FdRef proc, pid_t pid) {
    std::vector<std::string> found;
    auto pidfd = open_pidfd(pid);
    auto files = open_dir(proc, fmt::format("{}/fd", pid));
    if (!pidfd || !files) return found;
    std::vector<std::string> known = {read_link(proc, "self/ns/net").value_or("?"), read_link(proc, fmt::format("{}/ns/net", pid)).value_or("?")};
    for (const auto& number : TRY(list_dir(*files))) {
        auto target = read_link(*files, number);
        if (!target || !target->starts_with("socket:")) continue;
        auto socket = take_descriptor(*pidfd, std::atoi(number.c_str()));
        if (!socket) continue;  // closed meanwhile
        if (auto what = describe_unusual(*socket, known)) found.push_back(std::move(*what));
    }
    return found;
}

}  // namespace vs::sys
