#pragma once
// /proc/PID/stat, of the living and of the dead that nobody has reaped yet.

#include <cstdint>
#include <string>

#include "sys/fd.hpp"

namespace vs::sys {

/// A number of the file; fields are numbered from 1, as in proc(5), and those before the state cannot be had.
Result<std::uint64_t> stat_field(FdRef dir, const std::string& path, std::size_t field);

}  // namespace vs::sys
