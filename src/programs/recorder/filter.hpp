#pragma once
// The system calls that are left to the recorder. Anything else kills it; its keeper starts another.

namespace vs::recorder {

/// seccomp(2), for this process and for good. Precondition: no_new_privs, or CAP_SYS_ADMIN.
bool install_filter();

}  // namespace vs::recorder
