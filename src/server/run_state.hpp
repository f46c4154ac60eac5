#pragma once
// What is known of a server that runs or is on its way: /run/vservers/NAME/state. It is written before anything is made and
// names everything that will be, so that whoever finds it can undo it. A reboot erases it with what it describes.
//
// Who may write: the holder of /run/vservers/NAME/lock. Liveness is never read from here: the init is its pid with its start
// time in the server's control group, the keeper is whoever holds keeper.lock.

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

#include "model/name.hpp"
#include "model/settings.hpp"
#include "server/network.hpp"
#include "sys/file.hpp"

namespace vs::server {

enum class Phase {
    starting,  ///< being built; a state found like this without its lock held is what a killed start left
    running,
};
enum class Purpose {
    service,      ///< started to run
    maintenance,  ///< a stopped server entered: only an idle init, gone with the command
};

struct RunState {
    Phase phase = Phase::starting;
    Purpose purpose = Purpose::service;
    model::ServerNumber number;
    std::uint32_t generation = 0;  ///< counts the starts of this boot
    pid_t init = 0;
    std::uint64_t init_start = 0;  ///< clock ticks (sys::start_time)
    std::string init_path;         ///< "/sbin/init", or "vserver-init"
    std::string started;           ///< RFC 3339
    bool secluded = false;         ///< the shield has been told that it is private
    NetworkPlan network;
    model::LogSettings log;
};

/// How long its init has run; nothing while there is none.
std::optional<std::chrono::seconds> uptime(const RunState& state);

std::string print_state(const RunState& state);
Result<RunState> parse_state(std::string_view text);

/// Those that have a state, in no order: they run or were cut off. Their settings may be gone.
Result<std::vector<model::ServerName>> names_in_run();
/// The networks of all servers that run, as far as their states say.
Result<std::vector<NetworkPlan>> running_networks();
/// Of those in one of these phases.
Result<std::vector<NetworkPlan>> networks_in_phases(std::initializer_list<Phase> wanted);

/// In a server's directory while a restart is to come, and locked by who waits for it (restart.hpp).
inline constexpr const char* kRestartNote = "restart";

/// The directory /run/vservers/NAME and its lock.
class RunDir {
  public:
    /// Makes it where it is missing.
    static Result<RunDir> open(const model::ServerName& name);
    [[nodiscard]] const sys::DirFd& dir() const { return dir_; }
    /// For what is mounted in it: the first start of a boot makes /run/vservers a mount of its own, over the directory that it has open.
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Waits for the lock; commands on one server follow each other.
    Result<sys::Fd> lock() const;
    /// The directory, held: for who makes or deletes a server of that name. Whoever has waited for a lock that went with its
    /// server begins anew. Code::busy where it is held and must not be waited for.
    struct Held;
    static Result<Held> hold(const model::ServerName& name, sys::LockWait policy);
    /// nullopt where the server is stopped.
    Result<std::optional<RunState>> read() const;
    Result<> write(const RunState& state) const;
    Result<> clear() const;
    /// Removes what a killed writer has left, and the note of a restart that nobody waits for any more. Precondition: the caller
    /// holds the lock.
    Result<> sweep() const;
    /// The next generation: fresh device names, so that no start waits for the clean-up of the last one.
    Result<std::uint32_t> next_generation() const;

  private:
    sys::DirFd dir_;
    std::string path_;
};

struct RunDir::Held {
    RunDir run;
    sys::Fd lock;
};

}  // namespace vs::server
