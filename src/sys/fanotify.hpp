#pragma once
// Who changes which name on a whole file system (fanotify(7)), as it happens. The change itself may be over when it is read, and the
// process gone; a store through a shared mapping makes no event at all.

#include <sys/types.h>

#include <string>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

enum class FileChange {
    content,  ///< written and closed
    entry,    ///< a name came or went
    status,   ///< mode, owner, attributes
};
struct FileEvent {
    FileChange change = FileChange::content;
    pid_t pid = 0;          ///< as this PID namespace counts; 0: not in it
    std::string directory;  ///< where it is now; empty: gone already
    std::string name;
};

/// How directories are opened to be named: open_by_handle_at(2) with these flags and no others.
inline constexpr int kNameOnly = 010000000 | 02000000;  // O_PATH | O_CLOEXEC

class FileWatch {
  public:
    /// The file system that `path` is on. Needs CAP_SYS_ADMIN in the initial user namespace.
    static Result<FileWatch> open(const std::string& path);
    /// One that another process has opened: `mount` is any directory of that file system. From there on it takes CAP_DAC_READ_SEARCH in the
    /// initial user namespace, and opens nothing.
    FileWatch(Fd group, DirFd mount) : group_(std::move(group)), mount_(std::move(mount)) {}
    [[nodiscard]] FdRef fd() const { return group_; }
    [[nodiscard]] FdRef mount() const { return mount_; }

    struct Batch {
        std::vector<FileEvent> events;
        bool lost = false;  ///< some were, nobody knows which: too many, or in a directory too deep to have a path
    };
    /// What there is, but not more than a few thousand; nothing where nothing waits.
    Result<Batch> read() const;

  private:
    Fd group_;
    DirFd mount_;
};

}  // namespace vs::sys
