/* What the BPF programs of the address lock and user space say to each other. Plain C for both.
 *
 * Addresses are in network byte order as the kernel hands them to a program, an IPv6 address as its four words. */
#ifndef VSERVER_ADDRESS_LOCK_H
#define VSERVER_ADDRESS_LOCK_H

#include <linux/types.h>

#define ADDRESS_LOCK_MOST 8 /* addresses of each family, and broadcast addresses */

struct lock_address4 {
    __u32 address;
    __u32 mask;
};

struct lock_address6 {
    __u32 address[4];
    __u32 mask[4];
};

/* The lock of one control group. All zero, as the kernel makes it, it refuses everything. The first address of a family is
 * the primary one: what "any" becomes. */
struct address_lock {
    __u64 network; /* cookie of the network namespace that it is about: in another, nothing here is the host's */
    __u64 group;   /* id of the control group */
    __u32 steered; /* listeners are registered for the lookup of sockets */
    __u32 count4;
    __u32 count6;
    __u32 broadcasts;
    __u32 loopback4; /* 127.x.y.0 that stands for 127.0.0.0/24, or 0: the host's own loopback */
    __u32 loopback6[4]; /* stands for ::1; zero with loopback4 */
    __u32 low_port_uid; /* the host's uid that may bind to ports below 1024 of these addresses; ~0: nobody gains it */
    struct lock_address4 four[ADDRESS_LOCK_MOST];
    struct lock_address6 six[ADDRESS_LOCK_MOST];
    __u32 broadcast[ADDRESS_LOCK_MOST];
};

/* A listener asked for the wildcard can be bound to one address only, and is found for the others by this. */
enum listener_kind { LISTENER_EXACT, LISTENER_WILDCARD, LISTENER_DATAGRAM };

#define LISTENER_SLOTS 8 /* of one address and port: SO_REUSEPORT workers come and go */

struct listener_key {
    __u32 address[4]; /* IPv4 as ::ffff:a.b.c.d */
    __u16 port;       /* host byte order */
    __u8 kind;
    __u8 slot;
};

struct steered_key {
    __u32 address[4];
};

/* 127.64.0.0/10 is where the private loopbacks are: a /24 for each context, and for IPv6 a /128 below this prefix. */
#define PRIVATE_LOOPBACK4_FIRST 0x7f400000U /* host byte order */
#define PRIVATE_LOOPBACK4_MASK 0xffc00000U
#define PRIVATE_LOOPBACK6_WORD0 0xfd767372U /* fd76:7372: "vsr" */

#endif
