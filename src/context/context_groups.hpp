#pragma once
// The control groups of commands that are locked to addresses: ROOT/.contexts/NUMBER, root's own. A group lives until its last
// process has ended, which may be long after the command that made it: whoever comes next and finds it empty removes it, and what
// the machine had for it (the address of its own loopback). So there is nothing that a crash can leave for long.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "context/address_lock.hpp"
#include "sys/fd.hpp"

namespace vs::context {

struct ContextGroup {
    std::uint16_t number = 0;
    std::string path;  ///< below the cgroup2 mount's own path: "/sys/fs/cgroup/vservers/.contexts/7"
    sys::DirFd dir;
    [[nodiscard]] std::uint16_t loopback() const { return static_cast<std::uint16_t>(kFirstContextLoopback + number); }
};

class ContextGroups {
  public:
    /// Waits for its turn: until this object goes, nobody else makes or removes a group.
    static Result<ContextGroups> open();

    /// Removes the empty ones, and forgets listeners when none is left.
    Result<> sweep();
    /// A new one; below `parent`, a group of ours, where it is given.
    Result<ContextGroup> make(const std::optional<std::string>& parent);
    [[nodiscard]] const std::string& path() const { return path_; }

  private:
    ContextGroups(std::string path, sys::DirFd dir, sys::Fd turn) : path_(std::move(path)), dir_(std::move(dir)), turn_(std::move(turn)) {}
    Result<bool> remove_if_empty(const std::string& name);

    std::string path_;
    sys::DirFd dir_;
    sys::Fd turn_;
};

/// The address of ::1 for a loopback of its own is on the device lo while its lock exists.
Result<> add_loopback_address(std::uint16_t number);
Result<> remove_loopback_address(std::uint16_t number);

}  // namespace vs::context
