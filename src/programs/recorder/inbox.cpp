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

constexpr std::size_t kMostAtOnce = 512;           // one queue full
constexpr std::size_t kMostRead = 16384;   // of a stream: a terminal holds 64 KiB at most and hands over less at a time
constexpr std::uint32_t kFirstGuestUid = 0x70000000;

/// Not on the stack, where it would be filled with zeros first: what no read has reached takes no memory.
std::array<char, log::kMostPayload> buffer;

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

bool Inbox::take_messages(Queue& queue) {
    bool enough = true;
    for (std::size_t taken = 0; taken < kMostAtOnce;) {
        const auto messages = queue.look(buffer);
        enough = store(messages, queue.source()) && enough;
        queue.take();
        if (messages.empty() || queue.was_all()) return enough;
        taken += messages.size();
    }
    return enough;
}

/// What is within the budget. What is not is counted in its place.
bool Inbox::store(std::span<const Waiting> messages, log::Source source) {
    std::array<Message, kMostTogether> within;
    std::size_t count = 0;
    bool enough = true;
    for (const auto& message : messages) {
        const Sender sender{source, message.is_whole() ? log::Flag::none : log::Flag::truncated, message.pid, guest_uid(message.uid)};
        if (budget_.take(source, sender.uid, message.length, monotonic_now())) {
            within[count++] = {sender, message.text};
            continue;
        }
        store_.append({within.data(), count});
        count = 0;
        store_.count_loss(log::Cause::rate, 1, message.length);
        enough = false;
    }
    store_.append({within.data(), count});
    return enough;
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
