#include "programs/onlooker_filter.hpp"

#include <asm/unistd.h>

#include "programs/allow_list.hpp"
#include "sys/fanotify.hpp"

namespace vs::programs {

namespace {

// Descriptors that are open already, memory, and an end. Nothing that opens, connects, executes or signals anybody else.
constexpr std::uint32_t kTestimonyCalls[] = {
    __NR_read, __NR_write, __NR_pread64, __NR_lseek, __NR_close, __NR_fstat, __NR_newfstatat,
    __NR_brk, __NR_mmap, __NR_munmap, __NR_mremap, __NR_madvise, __NR_mprotect, __NR_futex, __NR_getrandom,
    __NR_rt_sigreturn, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_restart_syscall, __NR_clock_gettime,
    __NR_getpid, __NR_gettid, __NR_tgkill, __NR_exit, __NR_exit_group,
};

// The same, with messages, waiting, and the name of what a handle is of.
constexpr std::uint32_t kEventCalls[] = {
    __NR_read, __NR_close, __NR_fstat, __NR_newfstatat, __NR_sendto, __NR_recvfrom, __NR_ppoll, __NR_readlinkat,
#ifdef __NR_poll
    __NR_poll,
#endif
    __NR_brk, __NR_mmap, __NR_munmap, __NR_mremap, __NR_madvise, __NR_mprotect, __NR_futex, __NR_getrandom,
    __NR_rt_sigreturn, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_restart_syscall, __NR_clock_gettime,
    __NR_getpid, __NR_gettid, __NR_tgkill, __NR_exit, __NR_exit_group,
};
// With its one capability it could open any file by its number: so as a name only, which nothing can be read through.
constexpr std::array<ExactCall, 1> kByHandle = {{{__NR_open_by_handle_at, 2, static_cast<std::uint32_t>(sys::kNameOnly)}}};

constexpr context::FilterProgram kTestimony = allow_only(kTestimonyCalls), kEvents = allow_only(kEventCalls, kByHandle);

}  // namespace

const context::FilterProgram& testimony_filter() { return kTestimony; }
const context::FilterProgram& events_filter() { return kEvents; }

}  // namespace vs::programs
