/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VSERVER_VSERVER_H
#define VSERVER_VSERVER_H
/*
 * libvserver: security contexts, capability ceilings and address locks for one program, on a stock kernel. libvserver(3).
 *
 * The effect of each call is inherited by every child and cannot be undone, only narrowed further, by root or not.
 * Ordinary users may call all of it; where something needs root, the function says so.
 *
 * Errors. A function returns 0, or the value that it promises, or a negative errno; vserver_message() then has the sentence
 * for people. It never prints and never exits.
 *
 * Structures. The first member is `size`: set it to sizeof, and everything else to 0 that you do not want (the
 * VSERVER_INIT_... macros do). A newer library knows from it which members your program has; a member that an older library
 * does not know must be 0 there, or the call fails with -E2BIG: a restriction is never left out in silence.
 *
 * Threads. Call it from a program with one thread: ceilings and locks are of the calling thread and of what it starts.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VSERVER_API __attribute__((visibility("default")))
#else
#define VSERVER_API
#endif

/* ---------------------------------------------------------------------------------------------------------- errors */

/* One sentence about the last failure in this thread; "" where nothing has failed. Valid until the next call that fails. */
VSERVER_API const char *vserver_message(void);

/* The exit status by which a program that runs another one tells that failure: 127 where the command was not found, 126
 * where it cannot be executed, 125 for everything else. */
VSERVER_API int vserver_exit_status(void);

/* ----------------------------------------------------------------------------------------------------- capabilities */

/* The number of "net_admin" or "CAP_NET_ADMIN"; -EINVAL where there is no such capability. */
VSERVER_API int vserver_capability(const char *name);

/* The name of a capability without its prefix, "net_admin"; NULL for a number that no kernel known to us has. */
VSERVER_API const char *vserver_capability_name(int number);

/* As a mask, bit n for capability n: all that the running kernel has, and those that `--secure` leaves. */
VSERVER_API uint64_t vserver_all_capabilities(void);
VSERVER_API uint64_t vserver_secure_capabilities(void);

/* What a process and all it will ever start can have at most, setuid programs included. */
struct vserver_ceiling {
    size_t size;
    uint64_t capabilities;  /* bit n: capability n may stay */
    uint32_t flags;         /* VSERVER_CEILING_... */
    uint32_t reserved;      /* 0 */
};
#define VSERVER_INIT_CEILING { sizeof(struct vserver_ceiling), ~UINT64_C(0), 0, 0 }

#define VSERVER_CEILING_NO_NEW_PRIVS 0x1u  /* exec gives nothing by setuid or file capabilities, ever */
#define VSERVER_CEILING_LOCK         0x2u  /* no further context: no new namespace, and no way into another one */
#define VSERVER_CEILING_ULIMIT       0x4u  /* the soft limits in force become the hard ones (setrlimit(2)) */

#define VSERVER_HELD_BY_NO_NEW_PRIVS 1

/*
 * Lowers the ceiling of the caller: bounding, permitted, effective, inheritable and ambient set. What the caller does not
 * have it does not get.
 *
 * Returns 0, or VSERVER_HELD_BY_NO_NEW_PRIVS: without CAP_SETPCAP nobody may touch the bounding set, so no_new_privs holds
 * the ceiling instead, and setuid programs give nothing at all.
 */
VSERVER_API int vserver_set_ceiling(const struct vserver_ceiling *ceiling);

/* ---------------------------------------------------------------------------------------------------------- looking */

struct vserver_process {
    size_t size;
    int32_t pid;
    uint32_t flags;        /* VSERVER_PROCESS_... */
    uint64_t effective;    /* capabilities as masks */
    uint64_t permitted;
    uint64_t inheritable;
    uint64_t bounding;
    uint64_t ambient;
};
#define VSERVER_INIT_PROCESS { sizeof(struct vserver_process), 0, 0, 0, 0, 0, 0, 0 }

#define VSERVER_PROCESS_NO_NEW_PRIVS 0x1u  /* exec gives it nothing */
#define VSERVER_PROCESS_FILTERED     0x2u  /* it is under a seccomp filter */

/* What everybody may know of a process; -ESRCH where there is none. Set `size` before. */
VSERVER_API int vserver_examine(pid_t pid, struct vserver_process *process);

/* The caller's own number, for vserver_examine(). */
VSERVER_API pid_t vserver_self(void);

/* -------------------------------------------------------------------------------------------------------- addresses */

/* Addresses of this host that a process may use, and no others, without a network namespace. chbind(8). */
struct vserver_addresses {
    size_t size;
    const char *const *addresses;  /* "IP", "IP/PREFIX", "IP/MASK" or the name of a device, the last one NULL */
    const char *broadcast;         /* an IPv4 address; NULL: those of the host's devices */
    uint32_t flags;                /* VSERVER_ADDRESSES_... */
    uint32_t reserved;             /* 0 */
};
#define VSERVER_INIT_ADDRESSES { sizeof(struct vserver_addresses), 0, 0, 0, 0 }

#define VSERVER_ADDRESSES_OWN_LOOPBACK     0x1u  /* 127.0.0.1 and ::1 are its own and nobody else's */
#define VSERVER_ADDRESSES_KEEP_DESCRIPTORS 0x2u  /* for the command: descriptors from 3 up stay open; each socket is a grant */

/* Locks the caller and all it will start. Sockets that it has stay unlocked. Needs root. 0, or a negative errno: then it may be
 * half confined, and must not go on. */
VSERVER_API int vserver_lock_addresses(const struct vserver_addresses *addresses);

/* Runs a command, found in PATH, that is locked from its birth, and waits for it: its exit status as a shell has it, or a negative
 * errno. Needs root. Much quicker than locking the caller. */
VSERVER_API int vserver_run_locked(const struct vserver_addresses *addresses, const char *const *command);

#ifdef __cplusplus
}
#endif
#endif
