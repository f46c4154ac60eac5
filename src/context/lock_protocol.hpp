#pragma once
// What a process says to the lock service (lock_service.hpp), and what it answers: one message each, of a fixed size.

#include <array>
#include <cstdint>

namespace vs::context {

inline constexpr std::uint64_t kLockAskMagic = 0x316b736164'6b6c76;  // with the layout it changes too

/// The words of a LockRequest, each ended by a zero, the unused ones empty.
struct LockAsk {
    static constexpr std::size_t kMostAddresses = 16;
    using Word = std::array<char, 64>;
    std::uint64_t magic = kLockAskMagic;
    std::uint64_t own_loopback = 0;
    std::array<Word, kMostAddresses> addresses{};
    Word broadcast{};
};

struct LockAnswer {
    std::int32_t refused = 1;  ///< 0: the asker is locked now
    std::int32_t code = 0;     ///< of the Error
    std::array<char, 400> sentence{};
};

}  // namespace vs::context
