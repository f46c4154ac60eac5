#pragma once
// Signing keys that forget. A seed gives one Ed25519 key, which signs one note, and the next seed; the step is a hash, so
// who takes a seed learns nothing about those before it. How they are used: docs/decisions/log.md. Freestanding.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "log/hash.hpp"

namespace vs::log {

using PublicKey = std::array<std::uint8_t, 32>;
using Signature = std::array<std::uint8_t, 64>;

/// Wiped when it goes.
class Seed {
  public:
    Seed() = default;
    explicit Seed(const std::array<std::uint8_t, 32>& bytes) : bytes_(bytes) {}
    Seed(const Seed&) = default;
    Seed& operator=(const Seed&) = default;
    ~Seed() { wipe(); }

    [[nodiscard]] PublicKey public_key() const;
    [[nodiscard]] Signature sign(std::string_view text) const;
    /// The one after this; and the one that a chain of another purpose begins with.
    [[nodiscard]] Seed next() const { return derive("vserver log: next key"); }
    [[nodiscard]] Seed branch() const { return derive("vserver log: checkpoints"); }
    void wipe();
    [[nodiscard]] const std::array<std::uint8_t, 32>& bytes() const { return bytes_; }

  private:
    [[nodiscard]] Seed derive(std::string_view purpose) const;

    std::array<std::uint8_t, 32> bytes_{};
};

bool is_signature(const Signature& signature, std::string_view text, const PublicKey& key);

}  // namespace vs::log
