#pragma once
// Landlock domains (landlock(7)).

namespace vs::sys {

/// Puts this process and all it will start into a domain of its own that leaves every file as it is: it cannot trace a process
/// outside, nor take its descriptors (ptrace(2), pidfd_getfd(2)), and from Linux 6.12 on it cannot connect to an abstract unix
/// socket of one. Needs no_new_privs or CAP_SYS_ADMIN. 0, or a negative errno: EOPNOTSUPP where the kernel has no Landlock.
///
/// Fork-safety: async-signal-safe.
int enter_landlock_domain_raw() noexcept;

/// From Linux 6.12 on the part about abstract unix sockets alone; before, nothing, because any other domain forbids mounts. For a
/// server, whose processes are out of each other's reach by other means.
int scope_abstract_sockets_raw() noexcept;

}  // namespace vs::sys
