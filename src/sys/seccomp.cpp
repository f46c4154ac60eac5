#include "sys/seccomp.hpp"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sys/call.hpp"

namespace vs::sys {

int load_filter_raw(const sock_filter* program, std::size_t length) noexcept {
    if (length == 0 || length > BPF_MAXINSNS) return -EINVAL;
    // The kernel only reads the program; its struct has no const.
    const sock_fprog fprog{static_cast<unsigned short>(length), const_cast<sock_filter*>(program)};
    if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0UL, &fprog) < 0) return -errno_now();
    return 0;
}

}  // namespace vs::sys
