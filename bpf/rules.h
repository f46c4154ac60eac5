/* The rules of the address lock: which address may be what, as functions of the lock and the address alone. */
#ifndef VSERVER_ADDRESS_LOCK_RULES_H
#define VSERVER_ADDRESS_LOCK_RULES_H

#include <bpf/bpf_endian.h>

#include "address_lock.h"

#define RULE static __always_inline

struct address6 {
    __u32 word[4];
};

#define LAST_OCTET bpf_htonl(0xffU)
#define MAPPED_WORD bpf_htonl(0xffffU)

RULE int is_loopback4(__u32 address) { return (address & bpf_htonl(0xff000000U)) == bpf_htonl(0x7f000000U); }
RULE int is_usual_loopback4(__u32 address) { return (address & ~LAST_OCTET) == bpf_htonl(0x7f000000U); }
RULE int is_private_loopback4(__u32 address) {
    return (address & bpf_htonl(PRIVATE_LOOPBACK4_MASK)) == bpf_htonl(PRIVATE_LOOPBACK4_FIRST);
}
RULE int is_multicast4(__u32 address) { return (address & bpf_htonl(0xf0000000U)) == bpf_htonl(0xe0000000U); }

RULE int is_any6(const struct address6 *a) { return !(a->word[0] | a->word[1] | a->word[2] | a->word[3]); }
RULE int is_loopback6(const struct address6 *a) {
    return !(a->word[0] | a->word[1] | a->word[2]) && a->word[3] == bpf_htonl(1);
}
RULE int is_mapped6(const struct address6 *a) { return !(a->word[0] | a->word[1]) && a->word[2] == MAPPED_WORD; }
RULE int is_multicast6(const struct address6 *a) { return (a->word[0] & bpf_htonl(0xff000000U)) == bpf_htonl(0xff000000U); }
RULE int is_private_loopback6(const struct address6 *a) { return a->word[0] == bpf_htonl(PRIVATE_LOOPBACK6_WORD0); }
RULE int equal6(const struct address6 *a, const __u32 *b) {
    return a->word[0] == b[0] && a->word[1] == b[1] && a->word[2] == b[2] && a->word[3] == b[3];
}

/* The context's own loopback, by the addresses that it really has. */
RULE int is_own_loopback4(const struct address_lock *lock, __u32 address) {
    return lock->loopback4 && (address & ~LAST_OCTET) == lock->loopback4;
}
RULE int is_own_loopback6(const struct address_lock *lock, const struct address6 *a) {
    return lock->loopback4 && equal6(a, lock->loopback6);
}

RULE int is_own4(const struct address_lock *lock, __u32 address) {
    for (__u32 i = 0; i < ADDRESS_LOCK_MOST && i < lock->count4; i++)
        if (lock->four[i].address == address) return 1;
    return is_own_loopback4(lock, address);
}
RULE int is_own6(const struct address_lock *lock, const struct address6 *a) {
    for (__u32 i = 0; i < ADDRESS_LOCK_MOST && i < lock->count6; i++)
        if (equal6(a, lock->six[i].address)) return 1;
    return is_own_loopback6(lock, a);
}

RULE int is_broadcast4(const struct address_lock *lock, __u32 address) {
    if (address == 0xffffffffU) return 1;
    for (__u32 i = 0; i < ADDRESS_LOCK_MOST && i < lock->broadcasts; i++)
        if (lock->broadcast[i] == address) return 1;
    return 0;
}

/* What to bind to when `asked` is asked for; 0: refused. */
RULE __u32 bind_target4(const struct address_lock *lock, __u32 asked) {
    if (!asked) return lock->count4 ? lock->four[0].address : 0;
    if (is_own4(lock, asked) || is_multicast4(asked) || is_broadcast4(lock, asked)) return asked;
    if (lock->loopback4 && is_usual_loopback4(asked)) return lock->loopback4 | (asked & LAST_OCTET);
    return 0;
}

/* Where a packet for `asked` goes; 0: nowhere. Zero asked for is the loopback (ip(7)). */
RULE __u32 destination4(const struct address_lock *lock, __u32 asked) {
    if (lock->loopback4) {
        if (!asked) return lock->loopback4 | bpf_htonl(1);
        if (is_usual_loopback4(asked)) return lock->loopback4 | (asked & LAST_OCTET);
        return is_loopback4(asked) && !is_own4(lock, asked) ? 0 : asked;
    }
    if (is_private_loopback4(asked)) return 0;
    return asked ? asked : bpf_htonl(0x7f000001U);
}

/* Where it leaves from: the address that shares a network with the destination, else the primary; 0: no way. */
RULE __u32 source4(const struct address_lock *lock, __u32 destination) {
    if (is_own_loopback4(lock, destination)) return lock->loopback4 | bpf_htonl(1);
    for (__u32 i = 0; i < ADDRESS_LOCK_MOST && i < lock->count4; i++)
        if (!((lock->four[i].address ^ destination) & lock->four[i].mask)) return lock->four[i].address;
    return lock->count4 ? lock->four[0].address : 0;
}

/* The index of the IPv6 source. */
RULE __u32 source6(const struct address_lock *lock, const struct address6 *to) {
    for (__u32 i = 0; i < ADDRESS_LOCK_MOST && i < lock->count6; i++) {
        const struct lock_address6 *own = &lock->six[i];
        if (!(((own->address[0] ^ to->word[0]) & own->mask[0]) | ((own->address[1] ^ to->word[1]) & own->mask[1]) |
              ((own->address[2] ^ to->word[2]) & own->mask[2]) | ((own->address[3] ^ to->word[3]) & own->mask[3])))
            return i;
    }
    return 0;
}

/* What a program is shown instead of its own loopback's real address. */
RULE __u32 shown4(const struct address_lock *lock, __u32 real) {
    return is_own_loopback4(lock, real) ? bpf_htonl(0x7f000000U) | (real & LAST_OCTET) : real;
}

#endif
