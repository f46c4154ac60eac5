#pragma once
// A Merkle tree that only grows, reduced to what its root needs: the roots of its complete subtrees, largest first, one
// for each bit of its size. Freestanding.

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <span>

#include "log/hash.hpp"

namespace vs::log {

inline constexpr std::size_t kMostPeaks = 40;  // a trillion records: more than a log holds in a thousand years

class Frontier {
  public:
    Frontier() = default;
    /// Nothing where the number of peaks is not that of the size.
    static std::optional<Frontier> restore(std::uint64_t size, std::span<const Hash> peaks);

    void append(const Hash& leaf);
    [[nodiscard]] Hash root() const;
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::span<const Hash> peaks() const { return {peaks_.data(), count()}; }

  private:
    [[nodiscard]] std::size_t count() const { return static_cast<std::size_t>(std::popcount(size_)); }

    std::uint64_t size_ = 0;
    std::array<Hash, kMostPeaks> peaks_{};
};

}  // namespace vs::log
