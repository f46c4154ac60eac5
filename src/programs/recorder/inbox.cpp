// Part of a freestanding program: see recorder.cpp.

#include "programs/recorder/inbox.hpp"

#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <array>

#include "server/keeper_protocol.hpp"

namespace vs::recorder {

namespace {

constexpr int kMostAtOnce = 512;           // one queue full
constexpr std::size_t kMostRead = 16384;   // of a stream: a terminal holds 64 KiB at most and hands over less at a time
constexpr std::uint32_t kFirstGuestUid = 0x70000000;

/// Not on the stack, where it would be filled with zeros first: what no read has reached takes no memory.
std::array<char, log::kMostPayload> buffer;

/// One message with its sender, and room for nothing else: descriptors that come along are closed by the kernel (unix(7)).
struct Envelope {
    iovec data;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control;
    msghdr header;

    Envelope() : data{buffer.data(), buffer.size()}, header{} {
        header.msg_iov = &data;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
    }
    [[nodiscard]] ucred sender() const {
        ucred found{};
        const auto* part = CMSG_FIRSTHDR(&header);
        const bool fits = part != nullptr && part->cmsg_type == SCM_CREDENTIALS && part->cmsg_len == CMSG_LEN(sizeof found);
        if (fits) ::memcpy(&found, CMSG_DATA(part), sizeof found);
        return found;
    }
};

/// The length of what ends with the last line that is whole, or all of it.
std::size_t whole_lines(std::string_view bytes) {
    for (std::size_t end = bytes.size(); end > 0; --end)
        if (bytes[end - 1] == '\n' || bytes[end - 1] == '\0') return end;
    return bytes.size();
}

}  // namespace

std::int64_t monotonic_now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * kSecond + time.tv_nsec;
}

std::uint32_t guest_uid(std::uint32_t uid) { return uid >= kFirstGuestUid ? uid & 0xffff : uid; }

bool Inbox::fits(const Sender& sender, std::uint64_t bytes) {
    if (budget_.take(sender.source, sender.uid, bytes, monotonic_now())) return true;
    store_.count_loss(log::Cause::rate, 1, bytes);
    return false;
}

Inbox::Taken Inbox::take_console() {
    const ssize_t count = ::read(keeper::kConsole, buffer.data(), kMostRead);
    if (count <= 0) return Taken::end;
    const auto size = static_cast<std::size_t>(count);
    const Sender console{.source = log::Source::console};
    if (!fits(console, size)) return Taken::too_much;
    store_.append(console, {buffer.data(), size});
    return Taken::something;
}

bool Inbox::take_messages(int socket, log::Source source) {
    bool enough = true;
    for (int i = 0; i < kMostAtOnce; ++i) {
        auto taken = take_message(socket, source);
        if (taken == Taken::nothing) return enough;
        if (taken == Taken::too_much) enough = false;
    }
    return enough;
}

Inbox::Taken Inbox::take_message(int socket, log::Source source) {
    Envelope message;
    const ssize_t length = ::recvmsg(socket, &message.header, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
    if (length < 0) return Taken::nothing;
    const auto from = message.sender();
    const auto size = std::min(static_cast<std::size_t>(length), buffer.size());
    const auto flag = (message.header.msg_flags & MSG_TRUNC) != 0 ? log::Flag::truncated : log::Flag::none;
    const Sender sender{source, flag, static_cast<std::uint32_t>(from.pid), guest_uid(from.uid)};
    const bool good = fits(sender, static_cast<std::size_t>(length));
    if (good) store_.append(sender, {buffer.data(), size});
    ::recv(socket, nullptr, 0, MSG_DONTWAIT);
    return good ? Taken::something : Taken::too_much;
}

Inbox::Taken Inbox::take_stream(int connection, const Sender& sender) {
    const ssize_t count = ::recv(connection, buffer.data(), kMostRead, MSG_PEEK | MSG_DONTWAIT);
    if (count == 0) return Taken::end;
    if (count < 0) return Taken::nothing;
    const auto size = whole_lines({buffer.data(), static_cast<std::size_t>(count)});
    const char last = buffer[size - 1];
    auto from = sender;
    from.flag = last == '\n' || last == '\0' ? log::Flag::none : log::Flag::unfinished;
    const bool good = fits(from, size);
    if (good) store_.append(from, {buffer.data(), size});
    ::recv(connection, buffer.data(), size, MSG_DONTWAIT);
    return good ? Taken::something : Taken::too_much;
}

}  // namespace vs::recorder
