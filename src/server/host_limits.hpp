#pragma once
// Limits of the kernel that are one for the host and all its servers, and too small by default for more than one machine's worth of
// work: a start raises them, and nothing lowers them again.

#include <cstdint>
#include <string>
#include <vector>

#include "sys/fd.hpp"

namespace vs::server {

/// A limit below what servers want.
struct LowLimit {
    std::string path;  ///< below /proc/sys
    std::uint64_t value = 0;
    std::uint64_t wanted = 0;
};
/// `sysctls` is /proc/sys. What this machine does not have is not low.
Result<std::vector<LowLimit>> low_host_limits(sys::FdRef sysctls);
/// What cannot be raised (in a container /proc/sys is read-only) stays as it is: doctor names it.
Result<> raise_host_limits(sys::FdRef sysctls);

}  // namespace vs::server
