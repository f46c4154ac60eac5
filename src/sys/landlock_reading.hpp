#pragma once
// A Landlock domain for a process that only reads (landlock(7)): for programs that look at what strangers wrote.

#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

/// From here on this process and its children may read below `trees` and do nothing else with any file: no write, no
/// execution, nothing made or removed; on kernels that know it, no network port either, nobody's abstract socket and no signal
/// to anybody outside. Descriptors that are open keep what they can. False where this kernel has no Landlock.
/// Precondition: no_new_privs.
Result<bool> allow_only_reading(const std::vector<FdRef>& trees);

}  // namespace vs::sys
