#pragma once
// What the kernel tells everybody about a process's ceiling (proc(5), /proc/PID/status).

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/capability_set.hpp"

namespace vs::context {

struct ProcessStatus {
    std::string name;                 ///< as the process calls itself; the kernel escapes newline and backslash
    model::CapabilitySet effective, permitted, inheritable, bounding, ambient;
    bool no_new_privileges = false;
    bool filtered = false;            ///< under a seccomp filter
    std::uint64_t threads = 0;
    std::vector<std::uint32_t> uids;  ///< real, effective, saved, of the file system
    std::vector<pid_t> pids;          ///< its number in each PID namespace, the reader's first
};

/// Code::failed where a line is missing: this is no status file.
Result<ProcessStatus> parse_status(std::string_view text);
/// Error with ESRCH in words where there is no such process.
Result<ProcessStatus> read_status(pid_t pid);

}  // namespace vs::context
