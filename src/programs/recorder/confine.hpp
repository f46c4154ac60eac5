#pragma once
// The recorder reads what a hostile server writes, so it is left with nothing but the descriptors it was given, those
// of its store and one directory.

#include <sys/types.h>

namespace vs::recorder {

/// From root to `uid`, for good: the log directory becomes the root of all paths, no other descriptor, no group, no
/// capability, no new privileges, and only the system calls of filter.hpp on the descriptors that they are for. Returns
/// null, or which step failed, with errno; then nobody may go on.
const char* confine(uid_t uid);

}  // namespace vs::recorder
