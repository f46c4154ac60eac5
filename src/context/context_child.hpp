#pragma once
// The first process of a new context, from its clone to the exec of the command and of the reaper. Everything that it needs
// has been prepared; nothing here allocates, so that it may follow the clone of any program (Fork-safety: async-signal-safe).

#include <cstdint>

#include "context/ceiling.hpp"
#include "context/view.hpp"
#include "sys/fd.hpp"

namespace vs::context {

/// What the first process was doing when it failed.
enum class Step : std::uint8_t {
    none, groups, join, map_ids, private_mounts, view, old_mounts, host_name, domain_name, clocks, lock_mounts, limits, keyring, filter, ceiling, descriptors, session, identity, fork,
    reaper, command,
};

/// What comes through the control socket: first the context's number, then at most one failure. Its end is success.
struct Report {
    Step step = Step::none;
    CeilingOutcome ceiling{};       ///< for Step::ceiling
    std::int32_t errno_value = 0;
    std::uint32_t index = 0;        ///< of the view's step
    std::uint64_t number = 0;
};

struct ChildPlan {
    Areas areas = 0;
    Flags flags = 0;
    Rights rights = Rights::user;
    const std::vector<sys::Fd>* tasks = nullptr;  ///< files of version 1 groups to join; nullptr: none
    bool own_group_view = false;     ///< a cgroup namespace, made after that: it begins where its first process is
    const std::vector<ViewStep>* view = nullptr;
    Ceiling ceiling;
    bool clear_sets = false;         ///< an ordinary user's command has no capability, not even inside
    bool lock_mounts = false;        ///< root's command gets a second user namespace, in which no mount can be taken away
    bool new_session = false;
    const char* host_name = nullptr;     ///< nullptr: as it is
    const char* domain_name = nullptr;
    const char* uid_map = nullptr;       ///< an ordinary user maps himself; root's ids are mapped by the parent
    const char* gid_map = nullptr;
    const char* clock_offsets = nullptr;
    const char* directory = nullptr;     ///< the working directory, by name: by what it is it could lie outside
    const char* reaper = nullptr;        ///< the program; nullptr: the command is the first process
    const char* record = nullptr;        ///< what the reaper removes at the end, or ""
    const void* signal_mask = nullptr;   ///< sigset_t of the caller, for the command
    char* const* argv = nullptr;
    char* const* environment = nullptr;
    bool waits = false;                  ///< until the parent has heard the number and says go
    int control = -1;                    ///< our end of the socket
    int status = -1;                     ///< where the reaper tells the command's wait status, or -1
};

[[noreturn]] void become_context(const ChildPlan& plan) noexcept;

/// Joins the groups of the plan.
void join_groups(const ChildPlan& plan) noexcept;

/// Gives the calling process, and what it starts, the context's filter and ceiling, and takes from it what leads out: its directory, and of
/// `descriptors` (raw::list_descriptors) those that do. Before there is anybody else inside who sees it, and could trace it.
void close_in(const ChildPlan& plan, int descriptors) noexcept;

/// For a command that goes into a context that exists: what its process still does where those inside see it. It has been closed in.
[[noreturn]] void become_entrant(const ChildPlan& plan) noexcept;

/// The first of these host ids is left alone; a spectator's is this plus its pid, so that no two of them have the same. They lie
/// below the ids of virtual servers.
inline constexpr std::uint32_t kSpectatorIds = 0x6f000000;
[[noreturn]] void become_spectator(const ChildPlan& plan) noexcept;

}  // namespace vs::context
