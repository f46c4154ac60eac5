#pragma once
// Getting a process into a running server, and learning what became of it. A server can hold up whatever enters it, so nobody
// waits here without an end: until a deadline, or until a signal tells us to give up.

#include <chrono>
#include <optional>
#include <string>

#include "server/cgroups.hpp"
#include "server/entry_child.hpp"
#include "sys/clone.hpp"
#include "sys/relay.hpp"

namespace vs::server {

struct Patience {
    std::optional<std::chrono::steady_clock::time_point> until;
    const sys::SignalForwarding* signals = nullptr;  ///< one that asks us to end ends the wait
};

/// A process that is on its way, a child of ours.
class Entry {
  public:
    /// Code::timeout where the server holds it up; then nothing is left of it.
    static Result<Entry> begin(const CgroupEntry& groups, const EntryPlan& plan, const Patience& patience);

    [[nodiscard]] sys::FdRef process() const { return process_; }
    /// The master of its terminal, where the plan has one. nullopt where it failed before: the outcome says how.
    Result<std::optional<sys::Fd>> terminal(const Patience& patience) const;
    /// Nothing once its command is executed; otherwise what `exec` returns for a command that cannot be (126, 127).
    Result<std::optional<int>> outcome(const Patience& patience) const;
    /// Ends it.
    void kill() const;

  private:
    Entry(sys::PidFd process, sys::SocketFd socket, std::string user)
        : process_(std::move(process)), socket_(std::move(socket)), user_(std::move(user)) {}
    sys::PidFd process_;
    sys::SocketFd socket_;
    std::string user_;  ///< whom it becomes, for errors
};

}  // namespace vs::server
