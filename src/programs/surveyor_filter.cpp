#include "programs/surveyor_filter.hpp"

#include <asm/unistd.h>

#include "programs/allow_list.hpp"

namespace vs::programs {

namespace {

// Reading below a directory, one socket that is open already, memory, and an end. No open by path but openat2's, no
// network, no process, nothing that changes a file but writing to those that were given.
constexpr std::uint32_t kAllowed[] = {
    __NR_read, __NR_write, __NR_pread64, __NR_lseek, __NR_close, __NR_fstat, __NR_newfstatat, __NR_openat2, __NR_readlinkat,
    __NR_getdents64, __NR_fcntl, __NR_fstatfs, __NR_sync_file_range, __NR_fgetxattr, __NR_flistxattr, __NR_sendmsg, __NR_recvfrom,
    __NR_brk, __NR_mmap, __NR_munmap, __NR_mremap, __NR_madvise, __NR_mprotect, __NR_futex, __NR_getrandom,
    __NR_rt_sigreturn, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_restart_syscall, __NR_clock_gettime, __NR_gettimeofday,
    __NR_getpid, __NR_gettid, __NR_tgkill, __NR_exit, __NR_exit_group,
};

constexpr context::FilterProgram kFilter = allow_only(kAllowed);

}  // namespace

const context::FilterProgram& surveyor_filter() { return kFilter; }

}  // namespace vs::programs
