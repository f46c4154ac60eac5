/* Part of address_lock.bpf.c: a datagram socket that asked for "any" is bound to the primary address. Under the lock's others, and its own
 * loopback, it is found like a listener, and what it answers leaves from the address that was asked.
 *
 * No program that runs when a datagram socket is bound may put it among the registered ones. So the bind is noted by address and port, and the
 * first packet for such a place, on its way in by the device, registers the socket before the kernel looks for it. */

/* Where the socket for an address and a port really is. A hint, which may be gone when others bind much: who is registered stays. */
struct bound {
    __u64 group; /* 0: somebody has bound to the address by name, and has it to himself */
    __u32 address[4];
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, struct listener_key);
    __type(value, struct bound);
} datagrams SEC(".maps");

/* Who asked which address of a socket last. */
struct question {
    __u64 socket;
    __u32 peer[4];
    __u32 port;
    __u32 unused;
};

struct answer {
    __u32 from[4];
};

struct {
    __uint(type, BPF_MAP_TYPE_LRU_HASH);
    __uint(max_entries, 16384);
    __type(key, struct question);
    __type(value, struct answer);
} answers SEC(".maps");

static __always_inline void map4(__u32 *words, __u32 address) {
    words[0] = words[1] = 0;
    words[2] = MAPPED_WORD;
    words[3] = address;
}

static __always_inline void copy6(__u32 *words, const __u32 *address) {
    for (int w = 0; w < 4; w++) words[w] = address[w];
}

/* ---------------------------------------------------------------------------------------------------------- bind */

static __always_inline void note_all4(const struct address_lock *lock, struct listener_key *key, const struct bound *bound) {
    for (__u32 i = 1; i < ADDRESS_LOCK_MOST && i < lock->count4; i++) {
        map4(key->address, lock->four[i].address);
        bpf_map_update_elem(&datagrams, key, bound, BPF_ANY);
    }
    if (!lock->loopback4) return;
    map4(key->address, lock->loopback4 | bpf_htonl(1));
    bpf_map_update_elem(&datagrams, key, bound, BPF_ANY);
}

static __always_inline void note_all6(const struct address_lock *lock, struct listener_key *key, const struct bound *bound) {
    for (__u32 i = 0; i < ADDRESS_LOCK_MOST && i < lock->count6; i++) {
        copy6(key->address, lock->six[i].address);
        bpf_map_update_elem(&datagrams, key, bound, BPF_ANY);
    }
    if (!lock->loopback4) return;
    copy6(key->address, lock->loopback6);
    bpf_map_update_elem(&datagrams, key, bound, BPF_ANY);
}

static __always_inline void forget_datagrams(struct bpf_sock_addr *ctx, const struct address6 *asked) {
    struct listener_key key = {.port = bpf_ntohs((__u16)ctx->user_port), .kind = LISTENER_DATAGRAM};
    if (ctx->protocol != IPPROTO_UDP) return;
    copy6(key.address, asked->word);
    struct bound *bound = bpf_map_lookup_elem(&datagrams, &key);
    if (bound) bound->group = 0;
}

static __always_inline void note_datagrams(struct bpf_sock_addr *ctx, const struct address_lock *lock, enum wildcard kind) {
    __u32 port = ctx->user_port;
    if (ctx->protocol != IPPROTO_UDP || !port) return;
    struct listener_key key = {.port = bpf_ntohs((__u16)port), .kind = LISTENER_DATAGRAM};
    struct bound bound = {.group = lock->group};
    if (kind == WILDCARD_6) copy6(bound.address, lock->six[0].address);
    else map4(bound.address, lock->four[0].address);
    if (kind != WILDCARD_6) note_all4(lock, &key, &bound);
    if (kind != WILDCARD_4) note_all6(lock, &key, &bound);
}

/* ------------------------------------------------------------------------------------------------------- packets */

struct ports {
    __be16 source;
    __be16 destination;
};

/* 1 where it is a datagram: `key` says for whom. */
static __always_inline int read_destination(struct __sk_buff *skb, struct listener_key *key) {
    struct ports ports;
    struct iphdr ip;
    struct ipv6hdr ip6;
    __u32 behind = 0;
    if (skb->protocol == bpf_htons(ETH_P_IP)) {
        if (bpf_skb_load_bytes_relative(skb, 0, &ip, sizeof ip, BPF_HDR_START_NET) || ip.protocol != IPPROTO_UDP) return 0;
        if (ip.frag_off & bpf_htons(0x1fff)) return 0; /* no ports in it */
        map4(key->address, is_private_loopback4(ip.daddr) ? (ip.daddr & ~LAST_OCTET) | bpf_htonl(1) : ip.daddr);
        behind = (__u32)ip.ihl * 4;
    } else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
        if (bpf_skb_load_bytes_relative(skb, 0, &ip6, sizeof ip6, BPF_HDR_START_NET) || ip6.nexthdr != IPPROTO_UDP) return 0;
        copy6(key->address, ip6.daddr.in6_u.u6_addr32);
        behind = sizeof ip6;
    } else {
        return 0;
    }
    if (bpf_skb_load_bytes_relative(skb, behind, &ports, sizeof ports, BPF_HDR_START_NET)) return 0;
    key->port = bpf_ntohs(ports.destination);
    return 1;
}

/* The socket that the kernel finds for an address, which need not be bound to it. */
static __always_inline struct bpf_sock *find_socket(struct __sk_buff *skb, const struct address6 *address, __u16 port) {
    struct bpf_sock_tuple tuple = {};
    if (is_mapped6(address)) {
        tuple.ipv4.daddr = address->word[3];
        tuple.ipv4.dport = bpf_htons(port);
        return bpf_sk_lookup_udp(skb, &tuple, sizeof tuple.ipv4, BPF_F_CURRENT_NETNS, 0);
    }
    copy6(tuple.ipv6.daddr, address->word);
    tuple.ipv6.dport = bpf_htons(port);
    return bpf_sk_lookup_udp(skb, &tuple, sizeof tuple.ipv6, BPF_F_CURRENT_NETNS, 0);
}

static __always_inline struct address6 address_in(const __u32 *words) {
    struct address6 a = {{words[0], words[1], words[2], words[3]}};
    return a;
}

/* 1 where a socket is bound to the address by name. One on "any" of the host's may be found for it as well. */
static __always_inline int is_taken(struct __sk_buff *skb, const struct listener_key *key) {
    struct address6 address = address_in(key->address);
    struct bpf_sock *sk = find_socket(skb, &address, key->port);
    if (!sk) return 0;
    volatile __u32 *word4 = &sk->src_ip4, *word6 = sk->src_ip6;
    __u32 four = *word4, six[4] = {word6[0], word6[1], word6[2], word6[3]};
    int taken = is_mapped6(&address) ? four == address.word[3] : equal6(&address, six);
    bpf_sk_release(sk);
    return taken;
}

/* The note may be of a socket that is gone, and the place another's now. */
static __always_inline void register_bound(struct __sk_buff *skb, const struct listener_key *key, const struct bound *bound) {
    struct address6 address = address_in(bound->address);
    struct bpf_sock *sk = find_socket(skb, &address, key->port);
    if (!sk) return;
    struct asked_wildcard *mark = bpf_sk_storage_get(&wildcards, sk, 0, 0);
    if (mark && mark->kind != WILDCARD_NONE && mark->group == bound->group) bpf_map_update_elem(&listeners, key, sk, BPF_ANY);
    bpf_sk_release(sk);
}

/* On the devices by which a lock's further addresses are reached. It lets everything pass. */
SEC("tc")
int find_datagrams(struct __sk_buff *skb) {
    struct listener_key key = {.kind = LISTENER_DATAGRAM};
    if (!read_destination(skb, &key)) return TC_ACT_UNSPEC;
    struct bound *bound = bpf_map_lookup_elem(&datagrams, &key);
    if (!bound || !bound->group) return TC_ACT_UNSPEC;
    struct bpf_sock *sk = bpf_map_lookup_elem(&listeners, &key);
    if (sk) {
        bpf_sk_release(sk);
        return TC_ACT_UNSPEC;
    }
    if (is_taken(skb, &key)) bound->group = 0;
    else register_bound(skb, &key, bound);
    return TC_ACT_UNSPEC;
}

/* ------------------------------------------------------------------------------------------------------- answers */

static __always_inline int is_wildcard(struct bpf_sock *sk) {
    struct asked_wildcard *mark = bpf_sk_storage_get(&wildcards, sk, 0, 0);
    return mark && mark->kind != WILDCARD_NONE;
}

/* A packet that is let in to a socket on "any"; `behind` its header are the ports. */
static __always_inline void note_question(struct __sk_buff *skb, const struct address6 *from, const struct address6 *to, __u32 behind) {
    struct bpf_sock *sk = skb->sk;
    struct ports ports;
    if (!sk) return;
    sk = bpf_sk_fullsock(sk);
    if (!sk || !is_wildcard(sk) || bpf_skb_load_bytes(skb, behind, &ports, sizeof ports)) return;
    struct question question = {.socket = bpf_get_socket_cookie(skb), .port = ports.source};
    struct answer now;
    copy6(question.peer, from->word);
    copy6(now.from, to->word);
    struct answer *last = bpf_map_lookup_elem(&answers, &question);
    if (last && equal6(to, last->from)) return;
    bpf_map_update_elem(&answers, &question, &now, BPF_ANY);
}

/* The address by which a peer has asked the socket; 0: it has not. */
static __always_inline struct answer *answer_to(struct bpf_sock_addr *ctx, const struct address6 *peer) {
    struct question question = {.socket = bpf_get_socket_cookie(ctx), .port = (__u16)ctx->user_port};
    copy6(question.peer, peer->word);
    return bpf_map_lookup_elem(&answers, &question);
}
