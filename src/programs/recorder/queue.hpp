#pragma once
// What waits at a datagram socket. It is looked at, several messages by one call, and taken when it is stored: a recorder that is
// killed in between leaves some twice, and none less.

#include <span>
#include <string_view>

#include "programs/recorder/sealed_store.hpp"

namespace vs::recorder {

/// A message that the queue still has. Of a longer one than log::kMostPayload this is the beginning.
struct Waiting {
    std::string_view text;
    std::size_t length = 0;  ///< of all of it
    std::uint32_t pid = 0, uid = 0;

    [[nodiscard]] bool is_whole() const { return text.size() == length; }
};

class Queue {
  public:
    Queue(int socket, log::Source source) : socket_(socket), source_(source) {}

    [[nodiscard]] log::Source source() const { return source_; }
    /// The first that wait, oldest first: a few small ones, or one. `room` is for log::kMostPayload bytes, and theirs until the next look.
    std::span<const Waiting> look(std::span<char> room);
    /// Takes those away.
    void take();
    /// There was no more than these.
    [[nodiscard]] bool was_all() const { return was_all_; }

  private:
    enum class Offset : int { unknown = -2, none = -1, moving = 0 };

    std::size_t peek(std::size_t count, std::span<char> room);
    bool use(Offset offset);

    int socket_;
    log::Source source_;
    Offset offset_ = Offset::unknown;
    std::size_t looked_at_ = kMostTogether;  ///< before, by us or by a recorder that was killed, and not taken
    std::size_t whole_ = 0;
    bool was_all_ = false;
};

}  // namespace vs::recorder
