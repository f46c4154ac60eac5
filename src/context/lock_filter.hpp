#pragma once
// The seccomp filter of a command that is locked to addresses: it closes what the BPF programs of the lock never see, or could be
// taken off by.
//
//   socket, socketpair   families other than unix, inet, inet6 and netlink: EAFNOSUPPORT, as from a kernel that lacks them
//   io_uring_*           makes sockets without asking this filter: ENOSYS, and programs do without
//   bpf                  opens what is pinned: EPERM
//   other word sizes     the same calls by other numbers: ENOSYS

#include <linux/filter.h>

#include <span>

namespace vs::context {

/// Computed when this was compiled; lives for ever.
/// Fork-safety: async-signal-safe.
std::span<const sock_filter> lock_filter() noexcept;

}  // namespace vs::context
