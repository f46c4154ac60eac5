#pragma once
// User namespaces and the identity that a process acts with.

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "sys/fd.hpp"

namespace vs::sys {

/// One line of /proc/PID/uid_map: `count` ids from `inside` on are `outside` and so on outside.
struct IdMapLine {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 1;
};

/// The maps of users and of groups.
struct IdMaps {
    IdMapLine users, groups;

    IdMaps(const IdMapLine& both) : users(both), groups(both) {}
    IdMaps(const IdMapLine& of_users, const IdMapLine& of_groups) : users(of_users), groups(of_groups) {}
};

/// Writes the uid and the gid map of a process's user namespace. `proc` is a directory descriptor of a procfs that shows it.
/// Precondition: we have CAP_SETUID and CAP_SETGID in the parent namespace.
Result<> write_id_maps(FdRef proc, pid_t pid, const IdMaps& maps);

/// The text that maps the ids of our user namespace to themselves in one below: from /proc/self/uid_map or gid_map.
Result<std::string> identity_map(const std::string& own_map);
/// Whether ours is the machine's own.
bool in_first_user_namespace();

/// A user namespace with these maps that nobody runs in: for idmapped mounts. `inside` is the id on disk, `outside` the one seen.
Result<NamespaceFd> make_id_mapping(FdRef proc, const IdMaps& maps);

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
