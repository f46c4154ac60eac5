#pragma once
// The seccomp filter of a context that stands alone. A server's is an allow-list (guest_profile.hpp); this one is for commands
// of the host, which go on using the whole kernel, and closes only the ways back:
//
//   setns(2)            root could fetch the host's mount namespace (NS_MNT_GET_PREV, Linux 6.12) and join it. Joining a network
//                       namespace stays: it shows no process, and `ip netns exec` lives by it
//   TIOCSTI, TIOCLINUX  type commands into the terminal that the caller's shell will read next (CVE-2017-5226)
//
// For programs of another word size the same calls are closed by their own numbers.

#include <linux/filter.h>

#include <cstdint>
#include <span>

namespace vs::context {

enum class Trap : std::uint8_t {
    plain,   ///< the ways back are closed
    locked,  ///< and the ways further: no new namespace of any kind, none joined (flag `lock`)
};

/// The program, computed when this was compiled; lives for ever.
///
/// Fork-safety: async-signal-safe.
std::span<const sock_filter> trap_filter(Trap trap) noexcept;

}  // namespace vs::context
