#pragma once
// The ends of all children, those of others included that are left to us (PR_SET_CHILD_SUBREAPER).

#include <optional>

#include "sys/process.hpp"

namespace vs::sys {

class Children {
  public:
    /// From now on what our descendants leave behind becomes our child. For a process that does nothing else.
    static Result<Children> adopt();
    /// Readable when one has ended.
    [[nodiscard]] FdRef fd() const { return fd_; }
    struct Ended {
        pid_t pid = 0;
        ExitStatus status;
    };
    /// The next that has ended, reaped.
    [[nodiscard]] std::optional<Ended> next() const;

  private:
    explicit Children(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

/// Leaves what we were started with, for the background: our terminal, directory, and every descriptor but these.
Result<> detach_but_for(const std::vector<FdRef>& kept);

}  // namespace vs::sys
