#pragma once
// Whether this is the build with sanitizers. They make system calls of their own, many and not always the same, so a program
// that filters its own calls to the last one goes without that there: the build is for finding faults, not for running servers.

namespace vs::base {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace vs::base
