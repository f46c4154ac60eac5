#pragma once
// Loading a ready seccomp filter (seccomp(2), classic BPF). How one is made: context/filter.hpp.

#include <linux/filter.h>

#include <cstddef>

namespace vs::sys {

/// Puts this process and all it will start under `program`, for good. no_new_privs is left alone, so the caller needs
/// CAP_SYS_ADMIN in its user namespace. Assumes a single thread. Returns 0 or a negative errno.
///
/// Fork-safety: async-signal-safe, made for the child between clone and exec.
int load_filter_raw(const sock_filter* program, std::size_t length) noexcept;

}  // namespace vs::sys
