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

/* --------------------------------------------------------------------------------------------------------- contexts */

/* What a context is shut off in. */
#define VSERVER_AREA_FS      0x01u  /* mounts of its own */
#define VSERVER_AREA_PROC    0x02u  /* only its own processes, and a /proc that shows them */
#define VSERVER_AREA_IPC     0x04u  /* System V IPC and message queues of its own */
#define VSERVER_AREA_UTS     0x08u  /* a host and domain name of its own */
#define VSERVER_AREA_USERS   0x10u  /* capabilities that count inside only; always for ordinary users */
#define VSERVER_AREA_CGROUP  0x20u  /* its control group as the root of the tree */
#define VSERVER_AREA_TIME    0x40u  /* clocks since boot that begin with it */
#define VSERVER_AREA_DEFAULT (VSERVER_AREA_PROC | VSERVER_AREA_IPC)

/* The flags of a context. */
#define VSERVER_FLAG_LOCK     0x01u  /* no further context can be made inside */
#define VSERVER_FLAG_PRIVATE  0x02u  /* nobody enters it */
#define VSERVER_FLAG_NPROC    0x04u  /* the soft limit of processes counts for the whole context */
#define VSERVER_FLAG_SCHED    0x08u  /* its processes get the processor time of one; for users with a delegated control group */
#define VSERVER_FLAG_FAKEINIT 0x10u  /* the command is process 1 */
#define VSERVER_FLAG_ULIMIT   0x20u  /* the soft limits in force cannot be raised */

/* The bit of "proc" and so on, or -EINVAL; and the name of a bit, or NULL. */
VSERVER_API int vserver_area(const char *name);
VSERVER_API const char *vserver_area_name(uint32_t bit);
VSERVER_API int vserver_flag(const char *name);
VSERVER_API const char *vserver_flag_name(uint32_t bit);

struct vserver_context {
    size_t size;
    uint32_t areas;           /* VSERVER_AREA_... */
    uint32_t flags;           /* VSERVER_FLAG_... */
    uint64_t capabilities;    /* the ceiling, as in struct vserver_ceiling */
    uint32_t ceiling_flags;   /* VSERVER_CEILING_NO_NEW_PRIVS */
    uint32_t how;             /* VSERVER_RUN_... */
    /* Root only; 0 and NULL otherwise: the context's number (2 to 99, or 4196 and above) or name. Where it exists, the command
     * goes into it; where not, it is made and can be found again. Number 1 sees every process and touches none. */
    uint64_t number;
    const char *name;
    const char *hostname;     /* NULL: as it is; otherwise VSERVER_AREA_UTS is added */
    const char *domainname;
    /* Called once, with the context's number, before the command runs. */
    void (*announce)(uint64_t number, void *data);
    void *data;
};
#define VSERVER_INIT_CONTEXT { sizeof(struct vserver_context), VSERVER_AREA_DEFAULT, 0, ~UINT64_C(0), 0, 0, 0, NULL, NULL, NULL, NULL, NULL }

#define VSERVER_RUN_DETACHED 0x1u  /* in a session of its own, with nobody waiting for it */

/* A command that runs in a context. */
struct vserver_run {
    size_t size;
    uint64_t number;   /* of the context */
    int32_t pid;       /* our child: the context's first process, or the command where it is that */
    int32_t child;     /* a pidfd of it */
    int32_t status;    /* private to the library */
    int32_t reserved;
};
#define VSERVER_INIT_RUN { sizeof(struct vserver_run), 0, 0, -1, -1, 0 }

/*
 * Makes a context and starts a command in it. argv[0] without a slash is looked up in PATH; environment NULL is the caller's.
 * Returns when the command has been executed; a failure before is this call's: vserver_exit_status() tells which.
 *
 * The context lives until its last process ends. Its first process is a child of the caller; vserver_wait() takes it from the
 * table of processes if the command was the last. Otherwise waitpid(run.pid) does, whenever the context ends.
 */
VSERVER_API int vserver_start(const struct vserver_context *context, char *const argv[], char *const environment[],
                              struct vserver_run *run);

/* Waits for the command, not for what it leaves behind, and closes what `run` holds. `*status` is as wait(2) has it. A run that
 * is closed in another way, by the end of the caller for one, ends its command; a detached one does not. */
VSERVER_API int vserver_wait(struct vserver_run *run, int *status);

/*
 * Both, as a program does that has only this to do: signals that are sent to it reach the command, and the terminal is its own
 * again at the end. Returns the command's exit status as a shell has it, or a negative errno.
 */
VSERVER_API int vserver_run_command(const struct vserver_context *context, char *const argv[]);

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
    uint64_t context;        /* the number; 0 in the main environment, and where `kind` says that nobody tells us */
    uint32_t kind;           /* VSERVER_KIND_... */
    uint32_t context_flags;  /* VSERVER_FLAG_... of a registered context */
    char name[64];           /* of the server or the registered context; "" where it has none */
    uint64_t start_time;     /* clock ticks since boot: with the pid, one process and no other */
    char command[32];        /* as it calls itself: not to be trusted, nor to be printed unescaped */
};
#define VSERVER_INIT_PROCESS { sizeof(struct vserver_process), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, { 0 }, 0, { 0 } }

#define VSERVER_KIND_MAIN       0u  /* the main environment */
#define VSERVER_KIND_REGISTERED 1u  /* a context with a number or name of root's choice */
#define VSERVER_KIND_UNNAMED    2u  /* a context whose number is the kernel's */
#define VSERVER_KIND_SERVER     3u  /* a virtual server */
#define VSERVER_KIND_HIDDEN     4u  /* the kernel does not tell an ordinary user about processes of others */

#define VSERVER_PROCESS_NO_NEW_PRIVS 0x1u  /* exec gives it nothing */
#define VSERVER_PROCESS_FILTERED     0x2u  /* it is under a seccomp filter */

/* What everybody may know of a process; -ESRCH where there is none. Set `size` before. */
VSERVER_API int vserver_examine(pid_t pid, struct vserver_process *process);

/*
 * Every process that the caller sees, in ascending order of pid: fills at most `count` elements of `size` bytes each, and
 * returns how many processes there are, or a negative errno. One that ends meanwhile is left out.
 */
VSERVER_API ssize_t vserver_list(struct vserver_process *processes, size_t size, size_t count);

/* Sends a signal to a process that was examined or listed before. -ESRCH where it has ended, also where another one has its pid
 * now: that one is left alone. */
VSERVER_API int vserver_signal(const struct vserver_process *process, int signal);

/* The caller's own number, for vserver_examine(). */
VSERVER_API pid_t vserver_self(void);

/* -------------------------------------------------------------------------------------------------------- addresses */

/* Addresses of this host that a process may use, and no others, without a network namespace. chbind(8). Root locks by itself; for
 * everybody else, and inside a lock, the lock service does it, to what vserver-grants.toml(5) grants or the lock around it has. */
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

/* A command is supervised by way of its system calls instead, by anybody's right: for honest programs, and no boundary. */
#define VSERVER_ADDRESSES_HONEST           0x4u

/* Who would lock the caller now: root itself, the lock service, or nobody, and then VSERVER_ADDRESSES_HONEST is what is left. */
#define VSERVER_LOCKER_SELF    0
#define VSERVER_LOCKER_SERVICE 1
#define VSERVER_LOCKER_NOBODY  2
VSERVER_API int vserver_address_locker(void);

/* The addresses that a process is locked to, by root or the service, with blanks between them; "" where it is not. For root only.
 * Returns the length without the final zero, which may be more than there is room for, or a negative errno. */
VSERVER_API ssize_t vserver_addresses_of(pid_t pid, char *text, size_t size);

/* Locks the caller and all it will start. Sockets that it has stay unlocked. 0, or a negative errno: then it may be
 * half confined, and must not go on. */
VSERVER_API int vserver_lock_addresses(const struct vserver_addresses *addresses);

/* Runs a command, found in PATH, that is locked from its birth, and waits for it: its exit status as a shell has it, or a negative
 * errno. Much quicker than locking the caller. */
VSERVER_API int vserver_run_locked(const struct vserver_addresses *addresses, const char *const *command);

#ifdef __cplusplus
}
#endif
#endif
