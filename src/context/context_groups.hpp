#pragma once
// The control groups of commands that are locked to addresses, root's own:
//
//     ROOT/.contexts/NUMBER             locked by root
//     ROOT/.contexts/user-UID/NUMBER    by an ordinary user, all of them below a bound of his processes
//     either/NUMBER/...                 a lock inside another, which is narrower
//
// A number is given once, wherever the group is. A group lives until its last
// process has ended, which may be long after the command that made it: whoever comes next and finds it empty removes it, and what
// the machine had for it (the address of its own loopback). So there is nothing that a crash can leave for long.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "context/address_lock.hpp"
#include "model/grants.hpp"
#include "sys/fd.hpp"

namespace vs::context {

struct ContextGroup {
    std::uint16_t number = 0;
    std::string path;  ///< below the cgroup2 mount's own path: "/sys/fs/cgroup/vservers/.contexts/7"
    sys::DirFd dir;
    [[nodiscard]] std::uint16_t loopback() const { return static_cast<std::uint16_t>(kFirstContextLoopback + number); }
};

/// The path of a process's group on the version 2 hierarchy.
Result<std::string> group_of(pid_t pid);
/// The same by its directory in /proc.
Result<std::string> group_of(sys::FdRef process);

/// The innermost lock around a process, a server's and a host service's too; nullopt: none. For root.
Result<std::optional<AddressLock>> lock_around(pid_t pid);

/// Where a process is.
struct LockPlace {
    enum class Kind { outside, locked, other } kind = Kind::outside;  ///< other: in a group of ours that is no lock, a server's
    std::string path;                                                 ///< of the innermost lock
};

class ContextGroups {
  public:
    /// Waits for its turn: until this object goes, nobody else makes or removes a group.
    static Result<ContextGroups> open();

    /// Removes the empty ones, and forgets listeners when none is left.
    Result<> sweep();
    /// A new one in `above`, which is path(), a user's directory or another lock. Code::busy where there are as many as there may be.
    Result<ContextGroup> make(const std::string& above);
    /// Where the locks of an ordinary user are. The kernel keeps the bounds of his grant for all of them, those inside others too; that of processes
    /// where this machine can count them.
    Result<std::string> directory_of(std::uint32_t uid, const model::Grant& grant);
    /// How many locks there are in `above`, further ones inside them included.
    Result<std::size_t> count(const std::string& above) const;
    Result<LockPlace> place_of(pid_t pid) const;
    /// The outermost lock of which this is one.
    [[nodiscard]] std::string outermost(const std::string& lock) const;
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] sys::FdRef dir() const { return dir_; }

  private:
    ContextGroups(std::string path, sys::DirFd dir, sys::Fd turn) : path_(std::move(path)), dir_(std::move(dir)), turn_(std::move(turn)) {}

    std::string path_;
    sys::DirFd dir_;
    sys::Fd turn_;
};

/// A new group in `above` that has the lock. It is not yet lived in, and must not be taken for an empty one: keep `groups` until then.
Result<ContextGroup> make_locked_group(ContextGroups& groups, const std::string& above, AddressLock lock, LoopbackKind loopback);

/// The address of ::1 for a loopback of its own is on the device lo while its lock exists.
Result<> add_loopback_address(std::uint16_t number);
Result<> remove_loopback_address(std::uint16_t number);

}  // namespace vs::context
