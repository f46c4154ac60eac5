#pragma once
// The connections of the stream socket. What waits in a connection would go with a recorder that is killed, so a copy of each is
// kept in a queue of sockets that the keeper holds too (keeper::kKeptIn, kKeptOut): the next recorder finds it there.

#include <array>
#include <cstdint>

#include "programs/recorder/inbox.hpp"

namespace vs::recorder {

/// Descriptors of connections have numbers of their own, behind those of the store.
inline constexpr int kFirstConnection = kNotesDescriptor + 1;
inline constexpr int kMostConnections = 8;
inline constexpr int kLastConnection = kFirstConnection + kMostConnections + 3;  ///< some are open twice for a moment

class Connections {
  public:
    explicit Connections(Inbox& inbox) : inbox_(inbox) {}

    /// Those of the recorder before us.
    void restore();
    /// One that waits at the socket. Where there are too many, the one that has been silent for longest goes.
    void accept();
    /// False where it was too much.
    bool take(std::size_t slot);
    /// -1 where the slot is free.
    [[nodiscard]] int descriptor(std::size_t slot) const { return slots_[slot].fd; }

  private:
    struct Slot {
        int fd = -1;
        std::uint64_t inode = 0;
        Sender sender;
        std::uint64_t last_use = 0;
    };
    enum class Keep { all, all_but_one };

    bool add(int fd);
    void close(Slot& slot);
    void rotate(Keep keep, std::uint64_t inode);
    void visit(int fd, Keep keep, std::uint64_t inode);
    [[nodiscard]] bool knows(std::uint64_t inode) const;
    Slot& free_slot();

    Inbox& inbox_;
    std::array<Slot, kMostConnections> slots_;
    std::uint64_t uses_ = 0;
};

}  // namespace vs::recorder
