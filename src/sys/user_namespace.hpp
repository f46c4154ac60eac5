#pragma once
// User namespaces and the identity that a process acts with.

#include <sys/types.h>

#include <cstdint>

#include "sys/fd.hpp"

namespace vs::sys {

/// A range of host ids: inside it is 0..count-1.
struct IdRange {
    std::uint32_t first = 0;
    std::uint32_t count = 65536;
};

/// Maps 0..count-1 of the process's user namespace to `range`, uids and gids.
/// Precondition: we have CAP_SETUID and CAP_SETGID in the parent namespace.
Result<> write_id_maps(pid_t pid, IdRange range);

/// A user namespace that maps `range` and that nobody runs in: for idmapped mounts.
Result<NamespaceFd> make_id_mapping(IdRange range);

/// Acts as `uid`:`uid` for new user namespaces, cgroup checks and files, keeping every capability, until restored.
/// A user namespace created this way draws its inotify, key and namespace budgets from that uid and not from root's pool.
class ScopedEffectiveId {
  public:
    static Result<ScopedEffectiveId> become(std::uint32_t uid);
    ScopedEffectiveId(ScopedEffectiveId&& other) noexcept;
    ScopedEffectiveId(const ScopedEffectiveId&) = delete;
    ScopedEffectiveId& operator=(const ScopedEffectiveId&) = delete;
    ScopedEffectiveId& operator=(ScopedEffectiveId&&) = delete;
    ~ScopedEffectiveId();

  private:
    explicit ScopedEffectiveId(unsigned securebits) : securebits_(securebits), active_(true) {}
    unsigned securebits_;
    bool active_;
};

/// Becomes uid:gid with no supplementary group for good (setresuid(2)), inside a user namespace or out of it.
Result<> become(std::uint32_t uid, std::uint32_t gid);

}  // namespace vs::sys
