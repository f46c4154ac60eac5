#pragma once
// The recorder reads what a hostile server writes, so it is left with nothing but its seven descriptors and one
// directory.

#include <sys/types.h>

namespace vs::recorder {

/// The log's descriptor is always this one: those below are given, those above closed.
inline constexpr int kLogDescriptor = 8;

/// From root to `uid`, for good: the log directory becomes the root of all paths, no other descriptor, no group, no
/// capability, no new privileges, and only the system calls of filter.hpp on the descriptors that they are for. Returns
/// null, or which step failed, with errno; then nobody may go on.
const char* confine(uid_t uid);

}  // namespace vs::recorder
