#pragma once
// Waiting for a directory to change (inotify(7)).

#include "sys/fd.hpp"

namespace vs::sys {

class DirWatch {
  public:
    static Result<DirWatch> open(FdRef directory);
    /// Until a file in it is written, or one is made. What happened between open() and now counts.
    [[nodiscard]] Result<> wait() const;

  private:
    explicit DirWatch(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace vs::sys
