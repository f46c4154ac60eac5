#pragma once
// The rows of guest_calls.hpp, by the kernel's own names so that the numbers are those of the architecture compiled for.
// Only guest_calls.cpp and guest_profile.cpp, which compiles the filter from them, include this.

#include <asm/unistd.h>

#include <array>
#include <cerrno>

#include "context/guest_calls.hpp"

namespace vs::context {

#define VS_CALL(name) AllowedCall{__NR_##name, #name}
// Calls younger than Debian 12's headers; from 424 on the numbers are the same on every architecture.
#define VS_NEW_CALL(number, name) AllowedCall{number, #name}

inline constexpr auto kAllowedCalls = std::to_array<AllowedCall>({
    // Files by descriptor.
    VS_CALL(read), VS_CALL(write), VS_CALL(pread64), VS_CALL(pwrite64), VS_CALL(readv), VS_CALL(writev),
    VS_CALL(preadv), VS_CALL(pwritev), VS_CALL(preadv2), VS_CALL(pwritev2), VS_CALL(lseek), VS_CALL(close),
    VS_CALL(close_range), VS_CALL(dup), VS_CALL(dup3), VS_CALL(fcntl), VS_CALL(ioctl), VS_CALL(flock), VS_CALL(pipe2),
    VS_CALL(sendfile), VS_CALL(splice), VS_CALL(tee), VS_CALL(vmsplice), VS_CALL(copy_file_range), VS_CALL(ftruncate),
    VS_CALL(fallocate), VS_CALL(fadvise64), VS_CALL(readahead), VS_CALL(sync), VS_CALL(syncfs), VS_CALL(fsync),
    VS_CALL(fdatasync), VS_CALL(sync_file_range), VS_CALL(fstat), VS_CALL(fstatfs), VS_CALL(fchmod), VS_CALL(fchown),
    VS_CALL(fchdir), VS_CALL(getdents64), VS_NEW_CALL(451, cachestat),
    // Files by name.
    VS_CALL(openat), VS_CALL(openat2), VS_CALL(newfstatat), VS_CALL(statx), VS_CALL(statfs), VS_CALL(truncate),
    VS_CALL(faccessat), VS_CALL(faccessat2), VS_CALL(mkdirat), VS_CALL(mknodat), VS_CALL(fchownat), VS_CALL(fchmodat),
    VS_NEW_CALL(452, fchmodat2), VS_CALL(unlinkat), VS_CALL(renameat), VS_CALL(renameat2), VS_CALL(linkat),
    VS_CALL(symlinkat), VS_CALL(readlinkat), VS_CALL(utimensat), VS_CALL(chdir), VS_CALL(getcwd), VS_CALL(umask),
    VS_CALL(name_to_handle_at), VS_CALL(setxattr), VS_CALL(lsetxattr), VS_CALL(fsetxattr), VS_CALL(getxattr),
    VS_CALL(lgetxattr), VS_CALL(fgetxattr), VS_CALL(listxattr), VS_CALL(llistxattr), VS_CALL(flistxattr),
    VS_CALL(removexattr), VS_CALL(lremovexattr), VS_CALL(fremovexattr), VS_NEW_CALL(463, setxattrat),
    VS_NEW_CALL(464, getxattrat), VS_NEW_CALL(465, listxattrat), VS_NEW_CALL(466, removexattrat),
    VS_NEW_CALL(468, file_getattr), VS_NEW_CALL(469, file_setattr), VS_CALL(inotify_init1),
    VS_CALL(inotify_add_watch), VS_CALL(inotify_rm_watch),
    // Mounts and roots: of the server's own mount namespace, and of file systems that the kernel trusts a user namespace with.
    VS_CALL(mount), VS_CALL(umount2), VS_CALL(pivot_root), VS_CALL(chroot), VS_CALL(open_tree), VS_CALL(move_mount),
    VS_CALL(fsopen), VS_CALL(fsconfig), VS_CALL(fsmount), VS_CALL(fspick), VS_CALL(mount_setattr),
    VS_NEW_CALL(457, statmount), VS_NEW_CALL(458, listmount), VS_NEW_CALL(467, open_tree_attr),
    // Waiting for events.
    VS_CALL(ppoll), VS_CALL(pselect6), VS_CALL(epoll_create1), VS_CALL(epoll_ctl), VS_CALL(epoll_pwait),
    VS_CALL(epoll_pwait2), VS_CALL(eventfd2), VS_CALL(signalfd4), VS_CALL(timerfd_create), VS_CALL(timerfd_settime),
    VS_CALL(timerfd_gettime), VS_CALL(io_setup), VS_CALL(io_destroy), VS_CALL(io_submit), VS_CALL(io_cancel),
    VS_CALL(io_getevents), VS_CALL(io_pgetevents),
    // Memory. A process places its own pages; moving those of another one is refused below.
    VS_CALL(mmap), VS_CALL(mprotect), VS_CALL(munmap), VS_CALL(mremap), VS_CALL(brk), VS_CALL(msync),
    VS_CALL(mincore), VS_CALL(madvise), VS_CALL(mlock), VS_CALL(mlock2), VS_CALL(munlock), VS_CALL(mlockall),
    VS_CALL(munlockall), VS_CALL(remap_file_pages), VS_CALL(memfd_create), VS_CALL(pkey_mprotect),
    VS_CALL(pkey_alloc), VS_CALL(pkey_free), VS_CALL(get_mempolicy), VS_CALL(set_mempolicy), VS_CALL(mbind),
    VS_NEW_CALL(453, map_shadow_stack), VS_NEW_CALL(462, mseal),
    // Processes and threads.
    VS_CALL(clone), VS_CALL(clone3), VS_CALL(execve), VS_CALL(execveat), VS_CALL(exit), VS_CALL(exit_group),
    VS_CALL(wait4), VS_CALL(waitid), VS_CALL(getpid), VS_CALL(getppid), VS_CALL(gettid), VS_CALL(getpgid),
    VS_CALL(setpgid), VS_CALL(getsid), VS_CALL(setsid), VS_CALL(vhangup), VS_CALL(set_tid_address),
    VS_CALL(pidfd_open), VS_CALL(pidfd_send_signal), VS_CALL(process_mrelease), VS_CALL(unshare), VS_CALL(setns),
    VS_CALL(ptrace), VS_CALL(prctl), VS_CALL(personality), VS_CALL(futex), VS_CALL(futex_waitv),
    VS_NEW_CALL(454, futex_wake), VS_NEW_CALL(455, futex_wait), VS_NEW_CALL(456, futex_requeue),
    VS_CALL(set_robust_list), VS_CALL(get_robust_list), VS_CALL(rseq), VS_CALL(membarrier), VS_CALL(getcpu),
    VS_CALL(restart_syscall),
    // Signals.
    VS_CALL(kill), VS_CALL(tkill), VS_CALL(tgkill), VS_CALL(rt_sigaction), VS_CALL(rt_sigprocmask),
    VS_CALL(rt_sigreturn), VS_CALL(rt_sigpending), VS_CALL(rt_sigtimedwait), VS_CALL(rt_sigqueueinfo),
    VS_CALL(rt_tgsigqueueinfo), VS_CALL(rt_sigsuspend), VS_CALL(sigaltstack),
    // Scheduling and limits: within the server's cgroup, raised only by CAP_SYS_NICE and CAP_SYS_RESOURCE of the host.
    VS_CALL(sched_yield), VS_CALL(sched_setparam), VS_CALL(sched_getparam), VS_CALL(sched_setscheduler),
    VS_CALL(sched_getscheduler), VS_CALL(sched_get_priority_max), VS_CALL(sched_get_priority_min),
    VS_CALL(sched_rr_get_interval), VS_CALL(sched_setaffinity), VS_CALL(sched_getaffinity), VS_CALL(sched_setattr),
    VS_CALL(sched_getattr), VS_CALL(getpriority), VS_CALL(setpriority), VS_CALL(ioprio_set), VS_CALL(ioprio_get),
    VS_CALL(getrlimit), VS_CALL(setrlimit), VS_CALL(prlimit64), VS_CALL(getrusage), VS_CALL(times), VS_CALL(sysinfo),
    // Identity, and locks that a process puts on itself.
    VS_CALL(getuid), VS_CALL(geteuid), VS_CALL(getgid), VS_CALL(getegid), VS_CALL(getresuid), VS_CALL(getresgid),
    VS_CALL(getgroups), VS_CALL(setuid), VS_CALL(setgid), VS_CALL(setreuid), VS_CALL(setregid), VS_CALL(setresuid),
    VS_CALL(setresgid), VS_CALL(setgroups), VS_CALL(setfsuid), VS_CALL(setfsgid), VS_CALL(capget), VS_CALL(capset),
    VS_CALL(seccomp), VS_CALL(landlock_create_ruleset), VS_CALL(landlock_add_rule), VS_CALL(landlock_restrict_self),
    VS_NEW_CALL(459, lsm_get_self_attr), VS_NEW_CALL(460, lsm_set_self_attr), VS_NEW_CALL(461, lsm_list_modules),
    // Time. The adjtimex pair also reads the clock's state, and the kernel refuses every change without CAP_SYS_TIME of the host.
    VS_CALL(gettimeofday), VS_CALL(clock_gettime), VS_CALL(clock_getres), VS_CALL(clock_nanosleep),
    VS_CALL(nanosleep), VS_CALL(getitimer), VS_CALL(setitimer), VS_CALL(timer_create), VS_CALL(timer_settime),
    VS_CALL(timer_gettime), VS_CALL(timer_getoverrun), VS_CALL(timer_delete), VS_CALL(adjtimex),
    VS_CALL(clock_adjtime),
    // Sockets.
    VS_CALL(socket), VS_CALL(socketpair), VS_CALL(bind), VS_CALL(listen), VS_CALL(accept), VS_CALL(accept4),
    VS_CALL(connect), VS_CALL(shutdown), VS_CALL(getsockname), VS_CALL(getpeername), VS_CALL(sendto),
    VS_CALL(recvfrom), VS_CALL(sendmsg), VS_CALL(recvmsg), VS_CALL(sendmmsg), VS_CALL(recvmmsg), VS_CALL(setsockopt),
    VS_CALL(getsockopt),
    // System V and POSIX communication, of the server's own IPC namespace.
    VS_CALL(shmget), VS_CALL(shmat), VS_CALL(shmctl), VS_CALL(shmdt), VS_CALL(semget), VS_CALL(semop),
    VS_CALL(semtimedop), VS_CALL(semctl), VS_CALL(msgget), VS_CALL(msgsnd), VS_CALL(msgrcv), VS_CALL(msgctl),
    VS_CALL(mq_open), VS_CALL(mq_unlink), VS_CALL(mq_timedsend), VS_CALL(mq_timedreceive), VS_CALL(mq_notify),
    VS_CALL(mq_getsetattr),
    // The machine as the server's namespaces show it; reboot(2) in a PID namespace ends that namespace only.
    VS_CALL(uname), VS_CALL(sethostname), VS_CALL(setdomainname), VS_CALL(getrandom), VS_CALL(reboot),
#ifdef __x86_64__
    // What newer architectures never had.
    VS_CALL(open), VS_CALL(creat), VS_CALL(stat), VS_CALL(lstat), VS_CALL(access), VS_CALL(mkdir), VS_CALL(rmdir),
    VS_CALL(rename), VS_CALL(link), VS_CALL(unlink), VS_CALL(symlink), VS_CALL(readlink), VS_CALL(chmod),
    VS_CALL(chown), VS_CALL(lchown), VS_CALL(mknod), VS_CALL(utime), VS_CALL(utimes), VS_CALL(futimesat),
    VS_CALL(getdents), VS_CALL(pipe), VS_CALL(dup2), VS_CALL(poll), VS_CALL(select), VS_CALL(epoll_create),
    VS_CALL(epoll_wait), VS_CALL(eventfd), VS_CALL(signalfd), VS_CALL(inotify_init), VS_CALL(pause), VS_CALL(alarm),
    VS_CALL(time), VS_CALL(fork), VS_CALL(vfork), VS_CALL(getpgrp), VS_CALL(arch_prctl),
#endif
});

#define VS_REFUSED(name, why) RefusedCall{__NR_##name, #name, EPERM, why}
#define VS_ABSENT(name, why) RefusedCall{__NR_##name, #name, ENOSYS, why}

inline constexpr auto kRefusedCalls = std::to_array<RefusedCall>({
    VS_REFUSED(init_module, "puts code into the kernel"),
    VS_REFUSED(finit_module, "puts code into the kernel"),
    VS_REFUSED(delete_module, "removes code from the kernel"),
    VS_REFUSED(kexec_load, "replaces the running kernel"),
    VS_REFUSED(kexec_file_load, "replaces the running kernel"),
    VS_REFUSED(syslog, "reads and clears the kernel log of the whole machine"),
    VS_REFUSED(swapon, "swap belongs to the machine"),
    VS_REFUSED(swapoff, "swap belongs to the machine"),
    VS_REFUSED(acct, "process accounting belongs to the machine"),
    VS_REFUSED(quotactl, "quotas of the host's file systems"),
    VS_REFUSED(quotactl_fd, "quotas of the host's file systems"),
    VS_REFUSED(settimeofday, "the clock belongs to the machine"),
    VS_REFUSED(clock_settime, "the clock belongs to the machine"),
    VS_REFUSED(bpf, "programs inside the kernel: a long line of holes in their verifier"),
    VS_REFUSED(perf_event_open, "observes the whole machine; a long line of holes"),
    VS_REFUSED(userfaultfd, "stops the kernel in the middle of a copy: the helper of most exploits of races"),
    VS_REFUSED(io_uring_setup, "does other calls past this filter; a long line of holes"),
    VS_REFUSED(io_uring_enter, "does other calls past this filter; a long line of holes"),
    VS_REFUSED(io_uring_register, "does other calls past this filter; a long line of holes"),
    VS_REFUSED(fanotify_init, "watches file systems, not only the server's own part of one"),
    VS_REFUSED(fanotify_mark, "watches file systems, not only the server's own part of one"),
    VS_REFUSED(open_by_handle_at, "opens any file of a file system by its number, past every directory (the \"shocker\" escape)"),
    VS_REFUSED(process_vm_readv, "memory of another process; a debugger has ptrace"),
    VS_REFUSED(process_vm_writev, "memory of another process; a debugger has ptrace"),
    VS_REFUSED(process_madvise, "memory of another process"),
    VS_REFUSED(migrate_pages, "memory of another process"),
    VS_REFUSED(move_pages, "memory of another process"),
    VS_REFUSED(set_mempolicy_home_node, "placement of memory past the server's own processors"),
    VS_REFUSED(pidfd_getfd, "takes a descriptor out of another process"),
    VS_REFUSED(kcmp, "compares kernel objects of two processes, which tells about the kernel's addresses"),
    VS_ABSENT(keyctl, "keyrings belong to users of the machine; pam_keyinit and runc do without when the kernel has none"),
    VS_ABSENT(add_key, "keyrings belong to users of the machine"),
    VS_ABSENT(request_key, "keyrings belong to users of the machine, and a missing key starts a program of the host"),
    VS_ABSENT(memfd_secret, "memory that the host can neither read, move nor swap"),
    VS_ABSENT(lookup_dcookie, "names of files by a kernel number; no kernel of today has it"),
    VS_ABSENT(nfsservctl, "no kernel of today has it"),
#ifdef __x86_64__
    VS_REFUSED(iopl, "direct access to devices by I/O ports"),
    VS_REFUSED(ioperm, "direct access to devices by I/O ports"),
    VS_ABSENT(modify_ldt, "16-bit segments: only emulators need them, and they had a line of holes"),
    VS_ABSENT(uselib, "libraries of before ELF"),
    VS_ABSENT(ustat, "statistics of a file system by its device number"),
    VS_ABSENT(sysfs, "types of file systems; /proc/filesystems has them"),
    VS_ABSENT(_sysctl, "no kernel of today has it"),
    VS_ABSENT(create_module, "no kernel of today has it"),
    VS_ABSENT(get_kernel_syms, "no kernel of today has it"),
    VS_ABSENT(query_module, "no kernel of today has it"),
    VS_ABSENT(getpmsg, "never existed in Linux"),
    VS_ABSENT(putpmsg, "never existed in Linux"),
    VS_ABSENT(afs_syscall, "never existed in Linux"),
    VS_ABSENT(tuxcall, "never existed in Linux"),
    VS_ABSENT(security, "never existed in Linux"),
    VS_ABSENT(vserver, "the call of the patched kernels that this system does without"),
    VS_ABSENT(epoll_ctl_old, "never existed in Linux"),
    VS_ABSENT(epoll_wait_old, "never existed in Linux"),
    VS_ABSENT(set_thread_area, "for 32-bit programs only"),
    VS_ABSENT(get_thread_area, "for 32-bit programs only"),
#endif
});

#undef VS_CALL
#undef VS_NEW_CALL
#undef VS_REFUSED
#undef VS_ABSENT

}  // namespace vs::context
