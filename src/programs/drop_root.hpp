#pragma once
// How a small process that lives beside a server stops being root.

#include <sys/types.h>

namespace vs::programs {

/// Becomes `uid` and the group of that number, for good: no other group, no capability in any set, no new privileges, and nobody but root
/// may trace it. Returns null, or which step failed, with errno; then nobody may go on.
const char* drop_root(uid_t uid);

}  // namespace vs::programs
