#include "sys/netlink.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>

#include "sys/call.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"

namespace vs::sys {

namespace {

constexpr std::size_t kReceiveSize = 32768;  // the kernel never makes a larger part of a dump (netlink_dump)

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

template <typename T>
T read_as(std::string_view bytes) {
    T value{};
    std::memcpy(&value, bytes.data(), std::min(sizeof value, bytes.size()));
    return value;
}

/// The size of the whole datagram, also where it does not fit.
ssize_t receive_from(int socket, std::span<char> room, sockaddr_nl& sender) noexcept {
    socklen_t length = sizeof sender;
    return ::recvfrom(socket, room.data(), room.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&sender), &length);
}

/// Security: who has CAP_NET_ADMIN over a network, as a server's root has over its own, may send to every netlink socket in it. His answer
/// to a question of ours, sent beforehand to the number that our socket will have, is not the kernel's.
bool is_kernel(const sockaddr_nl& sender) noexcept { return sender.nl_family == AF_NETLINK && sender.nl_pid == 0; }

/// One message of a datagram: its header and what follows.
struct Message {
    nlmsghdr header{};
    std::string_view payload;
};

/// Takes the first message off `bytes`; nullopt at the end and on nonsense.
std::optional<Message> take_message(std::string_view& bytes) {
    if (bytes.size() < sizeof(nlmsghdr)) return std::nullopt;
    Message message{read_as<nlmsghdr>(bytes), {}};
    if (message.header.nlmsg_len < sizeof(nlmsghdr) || message.header.nlmsg_len > bytes.size()) return std::nullopt;
    message.payload = bytes.substr(sizeof(nlmsghdr), message.header.nlmsg_len - sizeof(nlmsghdr));
    bytes.remove_prefix(std::min(padded(message.header.nlmsg_len), bytes.size()));
    return message;
}

/// What an NLMSG_ERROR says: 0 or an errno, and the kernel's words.
Error error_of(const Message& message, const std::string& what) {
    auto answer = read_as<nlmsgerr>(message.payload);
    auto error = error_from(-answer.error, what);
    bool has_words = (message.header.nlmsg_flags & NLM_F_ACK_TLVS) != 0 && message.payload.size() > sizeof answer;
    if (!has_words) return error;
    auto words = find_attribute(message.payload.substr(sizeof answer), NLMSGERR_ATTR_MSG);
    if (words) error.cause += fmt::format(": {}", words->substr(0, words->find('\0')));
    return error;
}

}  // namespace

void MessageRow::begin(std::uint16_t type, std::uint16_t flags, std::string_view header, std::string what) {
    starts_.push_back(bytes_.size());
    names_.push_back(std::move(what));
    nlmsghdr message{};
    message.nlmsg_type = type;
    message.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    if ((flags & NLM_F_ACK) != 0) {
        wants_answer_ = true;
        answered_ = starts_.size() - 1;
    }
    raw(bytes_of(message));
    raw(header);
}

void MessageRow::attribute(std::uint16_t type, std::string_view bytes) {
    nlattr head{static_cast<std::uint16_t>(sizeof(nlattr) + bytes.size()), type};
    raw(bytes_of(head));
    raw(bytes);
}

void MessageRow::text(std::uint16_t type, std::string_view value) { attribute(type, std::string(value) + '\0'); }

void MessageRow::nested(std::uint16_t type, const std::function<void()>& body) {
    std::size_t start = bytes_.size();
    attribute(static_cast<std::uint16_t>(type | NLA_F_NESTED), {});
    body();
    auto length = static_cast<std::uint16_t>(bytes_.size() - start);
    std::memcpy(bytes_.data() + start + offsetof(nlattr, nla_len), &length, sizeof length);
}

void MessageRow::raw(std::string_view bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    bytes_.resize(padded(bytes_.size()));
    measure();
}

void MessageRow::measure() {
    auto length = static_cast<std::uint32_t>(bytes_.size() - starts_.back());
    std::memcpy(bytes_.data() + starts_.back() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

const std::vector<char>& MessageRow::finish(std::uint32_t first_number) {
    if (!wants_answer_ && !starts_.empty()) {
        auto* at = bytes_.data() + starts_.back();
        auto header = read_as<nlmsghdr>({at, sizeof(nlmsghdr)});
        header.nlmsg_flags |= NLM_F_ACK;
        std::memcpy(at, &header, sizeof header);
        answered_ = starts_.size() - 1;
    }
    return number(first_number);
}

const std::vector<char>& MessageRow::number(std::uint32_t first_number) {
    for (auto start : starts_) {
        std::memcpy(bytes_.data() + start + offsetof(nlmsghdr, nlmsg_seq), &first_number, sizeof first_number);
        ++first_number;
    }
    return bytes_;
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
    SocketFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!socket.is_open()) return failed("open a netlink socket");
    int on = 1;
    // Errors in words, without a copy of our message; and dumps filtered by the kernel.
    for (int option : {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK})
        if (::setsockopt(socket.get(), SOL_NETLINK, option, &on, sizeof on) < 0) return failed("set netlink option {}", option);
    return NetlinkSocket(std::move(socket), protocol);
}

Result<NetlinkSocket> NetlinkSocket::open_in(FdRef network, int protocol) {
    auto home = TRY(open_at(kHere, "/proc/self/ns/net", O_RDONLY));
    TRY(join(network, CLONE_NEWNET));
    auto socket = NetlinkSocket::open(protocol);
    TRY(join(home, CLONE_NEWNET));
    return socket;
}

Result<> NetlinkSocket::transmit(MessageRow& row) {
    return put(row.finish(next_number_), row.count());
}

Result<> NetlinkSocket::transmit_question(MessageRow& row) { return put(row.number(next_number_), row.count()); }

Result<> NetlinkSocket::put(const std::vector<char>& bytes, std::size_t count) {
    first_number_ = next_number_;
    next_number_ += static_cast<std::uint32_t>(count);
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    auto sent = ::sendto(socket_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
    if (sent < 0) return failed("send {} netlink messages", count);
    return {};
}

Result<std::string_view> NetlinkSocket::receive() {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kReceiveSize);
    for (;;) {
        sockaddr_nl sender{};
        auto size = receive_from(socket_.get(), {buffer_.get(), kReceiveSize}, sender);
        if (size < 0 && errno_now() == EINTR) continue;
        if (size < 0) return failed("receive from netlink");
        if (!is_kernel(sender)) continue;
        if (static_cast<std::size_t>(size) > kReceiveSize) return fail(Code::failed, "a netlink answer has {} bytes", size);
        return std::string_view(buffer_.get(), static_cast<std::size_t>(size));
    }
}

/// nf_tables answers a row that it refuses as a whole (EPERM, a failed commit) by its first message only.
bool NetlinkSocket::is_final(const MessageRow& row, const Refusal& answer) const {
    return answer.index == row.answered() ||
           (protocol_ == NETLINK_NETFILTER && answer.index == 0 && answer.error.errno_value != 0);
}

Result<std::vector<Refusal>> NetlinkSocket::send(MessageRow& row) {
    std::vector<Refusal> refusals;
    if (row.count() == 0) return refusals;
    TRY(transmit(row));
    for (;;) {
        std::string_view datagram = TRY(receive());
        while (auto message = take_message(datagram)) {
            std::size_t index = message->header.nlmsg_seq - first_number_;
            if (message->header.nlmsg_type != NLMSG_ERROR || index >= row.count()) continue;
            Refusal answer{index, error_of(*message, row.what(index))};
            bool final = is_final(row, answer);
            if (answer.error.errno_value != 0) refusals.push_back(std::move(answer));
            if (final) return refusals;
        }
    }
}

Result<> NetlinkSocket::run(MessageRow& row) {
    auto refusals = TRY(send(row));
    if (!refusals.empty()) return std::unexpected<Error>(std::move(refusals.front().error));
    return {};
}

Result<std::string> NetlinkSocket::ask(MessageRow& row) {
    TRY(transmit_question(row));
    for (;;) {
        std::string_view datagram = TRY(receive());
        while (auto message = take_message(datagram)) {
            if (message->header.nlmsg_seq != first_number_) continue;
            if (message->header.nlmsg_type != NLMSG_ERROR) return std::string(message->payload);
            return std::unexpected<Error>(error_of(*message, row.what(0)));
        }
    }
}

Result<> NetlinkSocket::dump(MessageRow& row, const std::function<void(std::string_view)>& each) {
    TRY(transmit_question(row));
    for (;;) {
        std::string_view datagram = TRY(receive());
        while (auto message = take_message(datagram)) {
            if (message->header.nlmsg_seq != first_number_) continue;
            if (message->header.nlmsg_type == NLMSG_DONE) return {};
            if (message->header.nlmsg_type == NLMSG_ERROR) return std::unexpected<Error>(error_of(*message, row.what(0)));
            each(message->payload);
        }
    }
}

std::optional<Attribute> take_attribute(std::string_view& attributes) {
    if (attributes.size() < sizeof(nlattr)) return std::nullopt;
    auto head = read_as<nlattr>(attributes);
    if (head.nla_len < sizeof(nlattr) || head.nla_len > attributes.size()) return std::nullopt;
    Attribute found{static_cast<std::uint16_t>(head.nla_type & NLA_TYPE_MASK), attributes.substr(sizeof head, head.nla_len - sizeof head)};
    attributes.remove_prefix(std::min(padded(head.nla_len), attributes.size()));
    return found;
}

std::optional<std::string_view> find_attribute(std::string_view attributes, std::uint16_t type) {
    while (auto attribute = take_attribute(attributes))
        if (attribute->type == type) return attribute->payload;
    return std::nullopt;
}

std::optional<std::uint32_t> find_number(std::string_view attributes, std::uint16_t type) {
    auto bytes = find_attribute(attributes, type);
    if (!bytes || bytes->size() != sizeof(std::uint32_t)) return std::nullopt;
    return read_as<std::uint32_t>(*bytes);
}

namespace raw {

namespace {

/// The number of the message that is answered last.
std::uint32_t last_number(std::string_view row) {
    std::uint32_t number = 0;
    while (auto message = take_message(row)) number = message->header.nlmsg_seq;
    return number;
}

int read_answers(int socket, std::uint32_t last) noexcept {
    char buffer[1024];  // an error's copy of our message may be cut off: only its head counts
    int first_error = 0;
    for (;;) {
        sockaddr_nl sender{};
        auto size = receive_from(socket, buffer, sender);
        if (size < 0 && errno_now() == EINTR) continue;
        if (size < 0) return -errno_now();
        if (!is_kernel(sender)) continue;
        if (static_cast<std::size_t>(size) < sizeof(nlmsghdr) + sizeof(int)) return -EPROTO;
        auto header = read_as<nlmsghdr>({buffer, sizeof(nlmsghdr)});
        auto error = read_as<int>({buffer + sizeof(nlmsghdr), sizeof(int)});
        if (header.nlmsg_type != NLMSG_ERROR) continue;
        if (first_error == 0) first_error = error;
        if (header.nlmsg_seq == last) return first_error;
    }
}

}  // namespace

int send_route_row(const char* bytes, std::size_t size) noexcept {
    if (size == 0) return 0;
    int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (socket < 0) return -errno_now();
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    auto sent = ::sendto(socket, bytes, size, 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
    int result = sent < 0 ? -errno_now() : read_answers(socket, last_number({bytes, size}));
    ::close(socket);
    return result;
}

}  // namespace raw

}  // namespace vs::sys
