#include "programs/netview/filter.hpp"

#include <asm/unistd.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/socket.h>

#include "programs/allow_list.hpp"

namespace vs::netview {

namespace {

// No call that opens a file, signals, or executes. Its paths, all for newfstatat, begin in its /proc.
constexpr std::uint32_t kCalls[] = {__NR_ppoll,      __NR_ioctl, __NR_accept4,    __NR_recvmsg, __NR_close,      __NR_newfstatat,  __NR_wait4,
                                    __NR_pidfd_open, __NR_dup3,  __NR_getpid,     __NR_clock_gettime, __NR_exit_group, __NR_rt_sigreturn, __NR_restart_syscall};

// A sibling that has our descriptors, and sockets of netlink: all others are made by nobody here.
constexpr std::array kExact = {programs::ExactCall{__NR_clone, 0, static_cast<std::uint32_t>(CLONE_FILES) | SIGCHLD},
                               programs::ExactCall{__NR_socket, 0, AF_NETLINK}};

}  // namespace

constexpr context::FilterProgram kProgram = programs::allow_only(kCalls, kExact);
const context::FilterProgram kFilter = kProgram;

}  // namespace vs::netview
