#pragma once
// A command in a new context, or in one that exists: prepared here, done in the child (context_child.hpp), waited for here.
//
// A context is a PID namespace with whatever else was asked for, and its number that namespace's inode. It lives until its last
// process ends: its first process is vserver-reaper, which tells the command's status at once and goes on waiting.
//
// One thread. The caller's own state is never changed.

#include <functional>
#include <string>
#include <vector>

#include "context/area.hpp"
#include "context/counted_group.hpp"
#include "model/capability_set.hpp"
#include "sys/attend.hpp"

namespace vs::context {

/// A context that has been made and whose command does not run yet.
struct Born {
    std::uint64_t number = 0;
    pid_t init = 0;  ///< its first process
};

enum class Waiting {
    attached,  ///< somebody waits for the command; when he is killed, so is it
    detached,  ///< it runs in a session of its own and nobody waits
};

struct Wish {
    Areas areas = kDefaultAreas;
    Flags flags = 0;
    model::CapabilitySet keep;        ///< the ceiling
    bool no_new_privileges = false;
    std::string host_name{};          ///< empty: as it is
    std::string domain_name{};
    Waiting waiting = Waiting::attached;
    std::string record{};             ///< a file that goes with the context's last process
    std::function<Result<>(const Born&)> announce{};  ///< before the command runs; its error is the end of the context
};

struct Command {
    char* const* argv = nullptr;         ///< argv[0] without slash is looked up in PATH
    char* const* environment = nullptr;
    const void* signal_mask = nullptr;   ///< sigset_t that it starts with; nullptr: ours
};

/// A command that runs. Our child is the reaper, or the command itself where there is none.
struct Running {
    Born context;
    sys::PidFd child;
    sys::Fd status;      ///< from the reaper; closed where there is none
    CountedGroup group;  ///< of one that counts as one process
};

/// A failure to execute the command itself has this in its context, and errno ENOENT where it was not found.
inline constexpr const char* kCannotRun = "run the command";

Result<Running> begin(const Wish& wish, const Command& command);

/// The command's status. Where somebody killed the whole context: as if by SIGKILL.
enum class AtEnd {
    reap,   ///< where the context ended with its command, its first process is waited for too
    leave,  ///< for a program that ends now itself
};
Result<sys::ExitStatus> wait(Running& running, AtEnd end);
/// For a program that has only this to do: meanwhile the command gets what is sent to us.
Result<sys::ExitStatus> wait(Running& running, const sys::SentSignals& signals);

}  // namespace vs::context
