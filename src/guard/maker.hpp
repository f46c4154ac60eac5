#pragma once
// Who made a change: a process of a server, as far as it is still there to be looked at.

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "sys/fd.hpp"

namespace vs::guard {

class Makers {
  public:
    /// "host pid 4711 (/usr/bin/vi, inode 1234, BLAKE2b 0123..., group /sys/fs/cgroup/vservers/web1/guest)", or "host pid 4711 (gone)". Inode
    /// and digest (that of scan) are of what the process executes, whatever has the name by now. Control bytes are escaped.
    std::string describe(pid_t pid);

  private:
    Result<std::string> look_at(pid_t pid);
    Result<std::string> describe_program(const sys::DirFd& process);

    std::map<std::string, std::string> digests_;  ///< by what tells a file from others and from itself changed
};

/// Those who have changed something of one server since it was last scanned. Few are named and not many looked at: a server chooses how
/// large its programs are, and how often each is another that has to be digested again.
struct SeenMakers {
    std::vector<std::string> who;
    std::size_t looks = 0;                       ///< that were taken at processes
    std::chrono::steady_clock::duration took{};  ///< all of them

    void add(Makers& makers, pid_t pid);
};

}  // namespace vs::guard
