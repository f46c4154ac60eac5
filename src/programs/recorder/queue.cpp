// Part of a freestanding program: see recorder.cpp.

#include "programs/recorder/queue.hpp"

#include <string.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace vs::recorder {

namespace {

/// Room for the sender and for nothing else: descriptors that come along are closed by the kernel (unix(7)).
struct Envelope {
    iovec data;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control;
};
std::array<Envelope, kMostTogether> envelopes;
std::array<mmsghdr, kMostTogether> headers;
std::array<Waiting, kMostTogether> waiting;

ucred sender_of(const msghdr& header) {
    ucred found{};
    const auto* part = CMSG_FIRSTHDR(&header);
    const bool fits = part != nullptr && part->cmsg_type == SCM_CREDENTIALS && part->cmsg_len == CMSG_LEN(sizeof found);
    if (fits) ::memcpy(&found, CMSG_DATA(part), sizeof found);
    return found;
}

Waiting read_envelope(std::size_t i) {
    const auto& data = envelopes[i].data;
    const auto sender = sender_of(headers[i].msg_hdr);
    const std::size_t length = headers[i].msg_len;
    return {{static_cast<const char*>(data.iov_base), std::min(length, data.iov_len)}, length, static_cast<std::uint32_t>(sender.pid), sender.uid};
}

/// How many messages were got.
std::size_t receive(int socket, std::size_t count, int flags) {
    const int got = ::recvmmsg(socket, headers.data(), static_cast<unsigned>(count), flags | MSG_TRUNC | MSG_DONTWAIT, nullptr);
    return static_cast<std::size_t>(std::max(got, 0));
}

}  // namespace

/// Several are looked at with an offset that every look moves on, so that each goes on behind the one before (socket(7), SO_PEEK_OFF).
/// But that passes over an empty message which was looked at before and not taken (net/core/datagram.c, __skb_try_recv_from_queue):
/// so what may have been is looked at alone, without. So is a large one.
std::span<const Waiting> Queue::look(std::span<char> room) {
    whole_ = 0;
    if (looked_at_ == 0 && !use(Offset::moving)) looked_at_ = 1;
    if (looked_at_ == 0) {
        const auto seen = peek(kMostTogether, room);
        while (whole_ < seen && waiting[whole_].is_whole()) ++whole_;
        looked_at_ = seen - whole_;
        was_all_ = looked_at_ == 0 && seen < kMostTogether;
    }
    if (whole_ == 0 && looked_at_ > 0 && use(Offset::none)) {
        whole_ = peek(1, room);
        looked_at_ = whole_ == 0 ? 0 : looked_at_ - 1;
        was_all_ = false;
    }
    return {waiting.data(), whole_};
}

/// False where it could not be set: who looked then would see others than the first, and take the first.
bool Queue::use(Offset offset) {
    if (offset != offset_ && ::setsockopt(socket_, SOL_SOCKET, SO_PEEK_OFF, &offset, sizeof offset) == 0) offset_ = offset;
    return offset == offset_;
}

/// Fills `waiting`; says with how many.
std::size_t Queue::peek(std::size_t count, std::span<char> room) {
    const auto share = room.size() / count;
    for (std::size_t i = 0; i < count; ++i) {
        auto& [data, control] = envelopes[i];
        data = {room.data() + i * share, share};
        headers[i] = {{nullptr, 0, &data, 1, control.data(), control.size(), 0}, 0};
    }
    const auto seen = receive(socket_, count, MSG_PEEK);
    for (std::size_t i = 0; i < seen; ++i) waiting[i] = read_envelope(i);
    return seen;
}

void Queue::take() {
    for (std::size_t i = 0; i < whole_; ++i) headers[i] = {};
    receive(socket_, whole_, 0);
}

}  // namespace vs::recorder
