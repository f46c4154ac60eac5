#pragma once
// Every system call as a virtual server sees it: the one table behind the filter, its tests and docs/security.md.
//
// A call that is not here does not exist for a server (ENOSYS): new kernels add calls that nobody has judged yet.

#include <cstdint>
#include <span>
#include <string_view>

namespace vs::context {

struct AllowedCall {
    std::uint32_t number = 0;
    std::string_view name;
};

struct RefusedCall {
    std::uint32_t number = 0;
    std::string_view name;
    int errno_value = 0;  ///< EPERM; ENOSYS where programs ask whether the kernel has the call and then do without
    std::string_view reason;
};

/// Allowed, some of them by their arguments (guest_profile.hpp).
std::span<const AllowedCall> allowed_calls() noexcept;
std::span<const RefusedCall> refused_calls() noexcept;

}  // namespace vs::context
