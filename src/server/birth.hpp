#pragma once
// The birth of a server's first process, and what bounds all that the server makes of namespaces.
//
// What the processes of a user namespace make (namespaces, inotify instances) the kernel counts for each of its users, then for the
// namespace's creator in the namespace above, and so on up; each level has limits of its own (inc_ucount() in kernel/ucount.c). Those of the
// server's namespace bound nobody: its 65,536 users are counted apart, and its root writes them. So where the settings set one there is a
// namespace in between, in which all of the server is one user. Only who is in it could write its limits, and nobody is.
//
//     builder                                      helper: borrows our memory and descriptors, while we stand still
//     makes the namespace in between
//     clones the helper ------------------------>  joins that namespace, writes its limit,
//     goes on as the first process's parent <----  clones the first process as the builder's child, maps its ids, ends

#include <cstdint>

#include "sys/clone.hpp"

namespace vs::server {

struct BirthPlan {
    sys::FdRef proc;                         ///< our procfs
    std::uint32_t first_id = 0;              ///< of the server: its ids 0 to 65535
    std::uint64_t network_namespaces = 0;    ///< all of them together, its own included; 0 is no limit, and no namespace in between
    const sys::DirFd* group = nullptr;       ///< the control group that it is born in, or ours
    void (*first_process)(void*) = nullptr;  ///< never returns, allocates nothing
    void* argument = nullptr;
};

/// Precondition: we act as the server's root (sys::ScopedEffectiveId), which then owns both namespaces. `child` is set as soon as there is one,
/// after a failure too. Code::unsupported where the kernel lets nobody but root of the host make user namespaces.
Result<> give_birth(const BirthPlan& plan, sys::Child& child);

/// Whether this machine can, by doing it.
Result<> try_birth(sys::FdRef proc, std::uint32_t first_id);

}  // namespace vs::server
