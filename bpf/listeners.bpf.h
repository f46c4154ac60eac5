/* Part of address_lock.bpf.c: a listener that asked for "any" is bound to the primary address; for the lock's others, and its
 * own loopback, it is registered here and found when a connection comes. */

/* Several workers may listen on the same (SO_REUSEPORT): each takes a slot, so that the end of one does not hide the others. */
static __always_inline void register_listener(struct bpf_sock_ops *ops, struct listener_key *key) {
    for (int slot = 0; slot < LISTENER_SLOTS; slot++) {
        key->slot = (__u8)slot;
        if (bpf_sock_hash_update(ops, &listeners, key, BPF_NOEXIST) == 0) return;
    }
}

static __always_inline void register_all4(struct bpf_sock_ops *ops, const struct address_lock *lock, struct listener_key *key) {
    key->address[0] = key->address[1] = 0;
    key->address[2] = MAPPED_WORD;
    for (__u32 i = 1; i < ADDRESS_LOCK_MOST && i < lock->count4; i++) {
        key->address[3] = lock->four[i].address;
        register_listener(ops, key);
    }
    if (!lock->loopback4) return;
    key->address[3] = lock->loopback4 | bpf_htonl(1);
    register_listener(ops, key);
}

static __always_inline void register_all6(struct bpf_sock_ops *ops, const struct address_lock *lock, struct listener_key *key) {
    for (__u32 i = 0; i < ADDRESS_LOCK_MOST && i < lock->count6; i++) {
        for (int w = 0; w < 4; w++) key->address[w] = lock->six[i].address[w];
        register_listener(ops, key);
    }
    if (!lock->loopback4) return;
    for (int w = 0; w < 4; w++) key->address[w] = lock->loopback6[w];
    register_listener(ops, key);
}

static __always_inline void register_exact(struct bpf_sock_ops *ops, struct listener_key *key) {
    /* Volatile, and read before it is known which is meant: see asked6(). */
    volatile __u32 *word4 = &ops->local_ip4, *word6 = ops->local_ip6;
    __u32 mapped[4] = {0, 0, MAPPED_WORD, *word4}, whole[4] = {word6[0], word6[1], word6[2], word6[3]};
    int is4 = ops->family == AF_INET;
    key->kind = LISTENER_EXACT;
    for (int w = 0; w < 4; w++) key->address[w] = is4 ? mapped[w] : whole[w];
    register_listener(ops, key);
}

SEC("sockops")
int note_listener(struct bpf_sock_ops *ops) {
    struct address_lock *lock = own_lock();
    struct bpf_sock *sk = ops->sk;
    if (ops->op != BPF_SOCK_OPS_TCP_LISTEN_CB || !sk || bpf_get_netns_cookie(ops) != lock->network) return 1;
    struct listener_key key = {.port = (__u16)ops->local_port, .kind = LISTENER_WILDCARD};
    struct asked_wildcard *mark = bpf_sk_storage_get(&wildcards, sk, 0, 0);
    if (mark && mark->group != lock->group) return 1;
    __u64 kind = mark ? mark->kind : WILDCARD_NONE;
    if (kind == WILDCARD_NONE) register_exact(ops, &key);
    if (kind == WILDCARD_4 || kind == WILDCARD_DUAL) register_all4(ops, lock, &key);
    if (kind == WILDCARD_6 || kind == WILDCARD_DUAL) register_all6(ops, lock, &key);
    return 1;
}

static __always_inline int assign_registered(struct bpf_sk_lookup *ctx, struct listener_key *key) {
    for (int slot = 0; slot < LISTENER_SLOTS; slot++) {
        key->slot = (__u8)slot;
        struct bpf_sock *sk = bpf_map_lookup_elem(&listeners, key);
        if (!sk) continue;
        long error = bpf_sk_assign(ctx, sk, 0);
        bpf_sk_release(sk);
        if (!error) return 1;
    }
    return 0;
}

/* Once for each network namespace. Whatever is not registered is looked up as ever. */
SEC("sk_lookup")
int find_listener(struct bpf_sk_lookup *ctx) {
    struct listener_key key = {};
    struct steered_key address = {};
    if (ctx->protocol != IPPROTO_TCP && ctx->protocol != IPPROTO_UDP) return SK_PASS;
    if (ctx->family == AF_INET) {
        __u32 local = ctx->local_ip4;
        address.address[2] = MAPPED_WORD;
        address.address[3] = is_private_loopback4(local) ? (local & ~LAST_OCTET) | bpf_htonl(1) : local;
    } else {
        volatile __u32 *word = ctx->local_ip6;
        for (int w = 0; w < 4; w++) address.address[w] = word[w];
    }
    if (!bpf_map_lookup_elem(&steered, &address)) return SK_PASS;
    for (int w = 0; w < 4; w++) key.address[w] = address.address[w];
    key.port = (__u16)ctx->local_port;
    if (ctx->protocol == IPPROTO_UDP) {
        key.kind = LISTENER_DATAGRAM;
        struct bound *bound = bpf_map_lookup_elem(&datagrams, &key);
        if (!bound || bound->group) assign_registered(ctx, &key);
        return SK_PASS;
    }
    key.kind = LISTENER_EXACT;
    if (assign_registered(ctx, &key)) return SK_PASS;
    key.kind = LISTENER_WILDCARD;
    assign_registered(ctx, &key);
    return SK_PASS;
}
