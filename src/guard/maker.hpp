#pragma once
// Who made a change: a process of a server, as far as it is still there to be looked at.

#include <sys/types.h>

#include <map>
#include <string>

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

}  // namespace vs::guard
