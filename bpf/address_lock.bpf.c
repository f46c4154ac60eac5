/* The address lock: what a process of a control group does with sockets of the host's own network stack stays on the
 * addresses of its lock (docs/decisions/address-lock.md).
 *
 *     calls.bpf.h      bind, connect, sendmsg and the names of sockets: an address asked for becomes one of the lock's, or is refused
 *     wildcards.bpf.h  which sockets asked for "any"
 *     packets.bpf.h    every packet in and out: the backstop, for what never meets those
 *     datagrams.bpf.h  datagram sockets on "any": found under each of the lock's addresses, and answering from the one that was asked
 *     listeners.bpf.h  listeners on "any", found under each of the lock's addresses
 *
 * All are loaded once per boot, pinned, and attached to each control group, whose storage holds its lock. A group below another
 * runs its own programs first and then the upper's, so that a second lock can only narrow. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "address_lock.h"
#include "kernel_types.h"
#include "rules.h"

#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define EPERM 1
#define EPROTONOSUPPORT 93
#define EADDRNOTAVAIL 99
#define ENETUNREACH 101

/* The lock of the group that a program is attached to. */
struct {
    __uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
    __type(key, __u64);
    __type(value, struct address_lock);
} locks SEC(".maps");

/* Sockets of another network namespace, which a locked process may make: it is not the host's stack. */
struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
    __type(key, int);
    __type(value, __u8);
} elsewhere SEC(".maps");

/* Which own loopback a socket belongs to, by its address; a lock inside another has that one's. Sockets that are accepted inherit it. */
struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
    __type(key, int);
    __type(value, __u32);
} members SEC(".maps");

static __always_inline struct address_lock *own_lock(void) { return bpf_get_local_storage(&locks, 0); }

static __always_inline int refuse(int error) {
    bpf_set_retval(-error);
    return 0;
}

#include "wildcards.bpf.h"
#include "datagrams.bpf.h"
#include "calls.bpf.h"
#include "packets.bpf.h"
#include "listeners.bpf.h"

const char gpl[] SEC("license") = "GPL";
