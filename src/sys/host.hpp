#pragma once
// Small facts of the machine, and its log.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace vs::sys {

/// "6.1.0-38-amd64" (uname(2)).
std::string kernel_release();

/// How long ago something started whose start time is in clock ticks since boot (start_time()); 0 where it lies ahead.
std::chrono::seconds age_of(std::uint64_t start_ticks);

/// CLOCK_MONOTONIC and CLOCK_BOOTTIME, whole seconds.
struct SinceBoot {
    std::int64_t monotonic = 0;
    std::int64_t boot = 0;
};
SinceBoot seconds_since_boot();

struct DiskSpace {
    std::uint64_t free_bytes = 0;   ///< for everybody but root
    std::uint64_t total_bytes = 0;
    std::uint64_t free_inodes = 0;
    std::uint64_t total_inodes = 0; ///< 0 where the file system makes them as needed
};
Result<DiskSpace> disk_space(const std::string& path);

/// One line in the system log (syslog(3)), for programs that have no terminal.
void log_warning(const char* program, std::string_view sentence);
void log_error(const char* program, std::string_view sentence);

}  // namespace vs::sys
