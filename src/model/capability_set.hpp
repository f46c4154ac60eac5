#pragma once
// Capabilities by name (capabilities(7)) as a set of numbers. The one table of names is here.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace vs::model {

class CapabilitySet {
  public:
    constexpr CapabilitySet() = default;
    static constexpr CapabilitySet from_bits(std::uint64_t bits) { return CapabilitySet(bits); }
    /// What a server's root keeps inside its own user namespace: everything that the namespace makes harmless.
    static CapabilitySet guest_default();
    /// What `--secure` leaves a command of the host: enough to run services, nothing that administers the machine, traces a
    /// process without ceiling or opens a file past its directory.
    static CapabilitySet secure();
    /// How many the table names: numbers from 0 up to this.
    static int known();
    /// Everything up to `last` (/proc/sys/kernel/cap_last_cap).
    static constexpr CapabilitySet all(int last) { return CapabilitySet((1ULL << (last + 1)) - 1); }

    /// The number of "net_admin", "CAP_NET_ADMIN" or "Cap_Net_Admin". Code::usage with the nearest name otherwise.
    static Result<int> number_of(std::string_view name);
    /// The lower-case name without prefix; "38" style for numbers beyond the table.
    static std::string name_of(int number);

    [[nodiscard]] constexpr bool has(int number) const { return ((bits_ >> number) & 1) != 0; }
    constexpr void add(int number) { bits_ |= 1ULL << number; }
    constexpr void remove(int number) { bits_ &= ~(1ULL << number); }
    [[nodiscard]] constexpr std::uint64_t bits() const { return bits_; }
    [[nodiscard]] std::vector<std::string> names() const;
    friend constexpr bool operator==(CapabilitySet, CapabilitySet) = default;

  private:
    constexpr explicit CapabilitySet(std::uint64_t bits) : bits_(bits) {}
    std::uint64_t bits_ = 0;
};

}  // namespace vs::model
