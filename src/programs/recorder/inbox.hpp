#pragma once
// What arrives at the log sockets, and on the console. A message leaves its socket's queue only when it is in the store, so a
// recorder that is killed loses none; of those that it had looked at together, some may be there twice.

#include <poll.h>

#include <span>

#include "programs/recorder/budget.hpp"
#include "programs/recorder/queue.hpp"
#include "programs/recorder/sealed_store.hpp"

namespace vs::recorder {

std::int64_t monotonic_now();

class Inbox {
  public:
    Inbox(SealedStore& store, Rate rate) : store_(store), budget_(rate) {}

    enum class Taken { something, nothing, too_much, end };
    /// One read of the console; `end` where it was hung up.
    Taken take_console();
    /// What waits in the queue, but not more than one queue full. False where some of it was too much: then look again in a while.
    bool take_messages(Queue& queue);

    /// One read of a connection whose other end is `sender`.
    Taken take_stream(int connection, const Sender& sender);

  private:
    bool fits(const Sender& sender, std::uint64_t bytes);
    bool store(std::span<const Waiting> messages, log::Source source);

    SealedStore& store_;
    Budget budget_;
};

/// The number inside the server of a user of the host's: its ranges begin at multiples of 65536.
std::uint32_t guest_uid(std::uint32_t uid);

}  // namespace vs::recorder
