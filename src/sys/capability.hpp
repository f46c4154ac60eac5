#pragma once
// The capability sets of the calling process (capabilities(7)) as bits, bit n for capability n.
//
// Every call here is raw: it returns a negative errno on failure, allocates nothing and is async-signal-safe, so that the
// child between clone and exec can use it. What is built of them: context/ceiling.hpp.

#include <cstdint>

namespace vs::sys {

/// What capget(2) and capset(2) speak of.
struct CapabilityBits {
    std::uint64_t effective = 0;
    std::uint64_t permitted = 0;
    std::uint64_t inheritable = 0;
    friend constexpr bool operator==(const CapabilityBits&, const CapabilityBits&) = default;
};

/// The highest capability that this kernel knows: what /proc/sys/kernel/cap_last_cap says, asked without /proc.
int last_capability_raw() noexcept;

int get_capabilities_raw(CapabilityBits& bits) noexcept;
int set_capabilities_raw(const CapabilityBits& bits) noexcept;

/// 1 where `capability` is in the set, 0 where not.
int bounding_has_raw(int capability) noexcept;
int ambient_has_raw(int capability) noexcept;
/// Needs CAP_SETPCAP in the user namespace.
int drop_bounding_raw(int capability) noexcept;
int clear_ambient_raw() noexcept;

/// SECBIT_* of <linux/securebits.h>; setting them needs CAP_SETPCAP in the user namespace.
int get_securebits_raw() noexcept;
int set_securebits_raw(unsigned bits) noexcept;

/// no_new_privs: from here on exec gives nothing by setuid or file capabilities (prctl(2), PR_SET_NO_NEW_PRIVS).
int set_no_new_privileges_raw() noexcept;
/// 1 where it is set, 0 where not.
int get_no_new_privileges_raw() noexcept;

}  // namespace vs::sys
