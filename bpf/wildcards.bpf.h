/* Part of address_lock.bpf.c: which sockets asked for "any", and so are to be found under every address of their lock. */

/* How a socket asked for "any": what it is to be found under besides the address that it got. */
enum wildcard { WILDCARD_NONE, WILDCARD_4, WILDCARD_6, WILDCARD_DUAL };

/* By the innermost lock of the socket's group, whose programs run first: those above it see only what that one made of the call. */
struct asked_wildcard {
    __u64 group;
    __u64 kind;
};

struct {
    __uint(type, BPF_MAP_TYPE_SK_STORAGE);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __type(key, int);
    __type(value, struct asked_wildcard);
} wildcards SEC(".maps");

/* Addresses that may have registered sockets, so that a packet to any other pays one lookup only. */
struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(map_flags, BPF_F_NO_PREALLOC);
    __uint(max_entries, 16384);
    __type(key, struct steered_key);
    __type(value, __u64);
} steered SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_SOCKHASH);
    __uint(max_entries, 16384);
    __type(key, struct listener_key);
    __type(value, __u64);
} listeners SEC(".maps");
