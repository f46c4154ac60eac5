/* Part of address_lock.bpf.c: the calls that name an address. */

/* 1: a call about another network stack, which is not ours to judge. */
static __always_inline int is_elsewhere(struct bpf_sock_addr *ctx, const struct address_lock *lock) {
    return lock->network && bpf_get_netns_cookie(ctx) != lock->network;
}

/* Through volatile, or clang takes the address of a word of the context, which the verifier refuses. */
static __always_inline struct address6 asked6(struct bpf_sock_addr *ctx) {
    volatile __u32 *word = ctx->user_ip6;
    struct address6 a = {{word[0], word[1], word[2], word[3]}};
    return a;
}

static __always_inline void answer6(struct bpf_sock_addr *ctx, const __u32 *to) {
    volatile __u32 *word = ctx->user_ip6;
    word[0] = to[0];
    word[1] = to[1];
    word[2] = to[2];
    word[3] = to[3];
}

static __always_inline void answer_mapped(struct bpf_sock_addr *ctx, __u32 to) {
    __u32 word[4] = {0, 0, MAPPED_WORD, to};
    answer6(ctx, word);
}

/* A mark is a promise to the filters of packets, so a socket that cannot be marked is not made. */
static __always_inline int mark_elsewhere(struct bpf_sock *sk) {
    return bpf_sk_storage_get(&elsewhere, sk, 0, BPF_SK_STORAGE_GET_F_CREATE) ? 1 : refuse(EPERM);
}

static __always_inline int mark_member(struct bpf_sock *sk, struct address_lock *lock) {
    if (!lock->loopback4) return 1;
    return bpf_sk_storage_get(&members, sk, &lock->loopback4, BPF_SK_STORAGE_GET_F_CREATE) ? 1 : refuse(EPERM);
}

SEC("cgroup/sock_create")
int lock_create(struct bpf_sock *sk) {
    struct address_lock *lock = own_lock();
    if (!lock->network) return refuse(EPERM);
    if (bpf_get_netns_cookie(sk) != lock->network) return mark_elsewhere(sk);
    /* Whatever is not here has calls of its own that no program sees: SCTP's and MPTCP's further addresses, raw headers. */
    __u32 type = sk->type, protocol = sk->protocol;
    if (type == SOCK_STREAM && protocol == IPPROTO_TCP) return mark_member(sk, lock);
    if (type == SOCK_DGRAM && (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE)) return mark_member(sk, lock);
    if (type == SOCK_DGRAM && (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)) return 1;
    return refuse(type == SOCK_STREAM || type == SOCK_DGRAM ? EPROTONOSUPPORT : EPERM);
}

/* ---------------------------------------------------------------------------------------------------------- bind */

/* Remembered before the kernel knows whether the bind succeeds; the next bind says it anew. */
static __always_inline void note_wildcard(struct bpf_sock_addr *ctx, const struct address_lock *lock, enum wildcard kind) {
    if (!lock->steered || !ctx->sk) return;
    if (kind != WILDCARD_NONE) note_datagrams(ctx, lock, kind);
    struct asked_wildcard asked = {.group = lock->group};
    struct asked_wildcard *mark = bpf_sk_storage_get(&wildcards, ctx->sk, &asked, BPF_SK_STORAGE_GET_F_CREATE);
    if (mark && mark->group == lock->group) mark->kind = kind;
}

/* The root of a server is an ordinary user to the host's stack, which keeps the lower ports from those (BPF_RET_BIND_NO_CAP...). */
static __always_inline int may_bind(const struct address_lock *lock) {
    return (__u32)bpf_get_current_uid_gid() == lock->low_port_uid ? 3 : 1;
}

SEC("cgroup/bind4")
int lock_bind4(struct bpf_sock_addr *ctx) {
    struct address_lock *lock = own_lock();
    if (is_elsewhere(ctx, lock)) return 1;
    __u32 asked = ctx->user_ip4, target = bind_target4(lock, asked);
    if (!target) return refuse(EADDRNOTAVAIL);
    struct address6 by_name = {{0, 0, MAPPED_WORD, target}};
    if (asked && lock->steered) forget_datagrams(ctx, &by_name);
    note_wildcard(ctx, lock, asked ? WILDCARD_NONE : WILDCARD_4);
    ctx->user_ip4 = target;
    return may_bind(lock);
}

/* A kind of socket that has neither shape counts as IPv6 only: the narrower. */
static __always_inline int is_ipv6_only(struct bpf_sock_addr *ctx) {
    struct bpf_sock *sk = ctx->sk;
    if (!sk) return 1;
    struct tcp6_sock *tcp = bpf_skc_to_tcp6_sock(sk);
    if (tcp) return BPF_CORE_READ_BITFIELD(&tcp->tcp.inet_conn.icsk_inet.sk.__sk_common, skc_ipv6only);
    struct udp6_sock *udp = (struct udp6_sock *)bpf_skc_to_udp6_sock(sk);
    return udp ? BPF_CORE_READ_BITFIELD(&udp->udp.inet.sk.__sk_common, skc_ipv6only) : 1;
}

/* A socket of both families that is bound to an IPv6 address is dead for IPv4, so it gets the IPv4 one. */
static __always_inline int bind_any6(struct bpf_sock_addr *ctx, const struct address_lock *lock) {
    int only = is_ipv6_only(ctx);
    if (!only && lock->count4) {
        note_wildcard(ctx, lock, WILDCARD_DUAL);
        answer_mapped(ctx, lock->four[0].address);
        return may_bind(lock);
    }
    if (!lock->count6) return refuse(EADDRNOTAVAIL);
    note_wildcard(ctx, lock, WILDCARD_6);
    answer6(ctx, lock->six[0].address);
    return may_bind(lock);
}

SEC("cgroup/bind6")
int lock_bind6(struct bpf_sock_addr *ctx) {
    struct address_lock *lock = own_lock();
    if (is_elsewhere(ctx, lock)) return 1;
    struct address6 asked = asked6(ctx);
    if (is_any6(&asked)) return bind_any6(ctx, lock);
    if (is_mapped6(&asked)) {
        __u32 target = bind_target4(lock, asked.word[3]);
        if (!target) return refuse(EADDRNOTAVAIL);
        struct address6 by_name = {{0, 0, MAPPED_WORD, target}};
        if (asked.word[3] && lock->steered) forget_datagrams(ctx, &by_name);
        note_wildcard(ctx, lock, asked.word[3] ? WILDCARD_NONE : WILDCARD_4);
        answer_mapped(ctx, target);
        return may_bind(lock);
    }
    if (is_loopback6(&asked) && lock->loopback4)
        answer6(ctx, lock->loopback6);
    else if (!is_own6(lock, &asked) && !is_multicast6(&asked))
        return refuse(EADDRNOTAVAIL);
    struct address6 by_name = asked6(ctx);
    if (lock->steered) forget_datagrams(ctx, &by_name);
    note_wildcard(ctx, lock, WILDCARD_NONE);
    return may_bind(lock);
}

/* ------------------------------------------------------------------------------------------------------- connect */

/* A socket that has a source has it from a hook of ours. One that has only a port (a datagram was sent before) cannot be given
 * a source any more: bpf_bind fails, and so does the call. */
static __always_inline int leave_from4(struct bpf_sock_addr *ctx, __u32 source) {
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = {.s_addr = source}};
    return bpf_bind(ctx, (struct sockaddr *)&from, sizeof from) ? refuse(EADDRNOTAVAIL) : 1;
}

static __always_inline int leave_from6(struct bpf_sock_addr *ctx, const __u32 *source) {
    struct sockaddr_in6 from = {.sin6_family = AF_INET6};
    from.sin6_addr.in6_u.u6_addr32[0] = source[0];
    from.sin6_addr.in6_u.u6_addr32[1] = source[1];
    from.sin6_addr.in6_u.u6_addr32[2] = source[2];
    from.sin6_addr.in6_u.u6_addr32[3] = source[3];
    return bpf_bind(ctx, (struct sockaddr *)&from, sizeof from) ? refuse(EADDRNOTAVAIL) : 1;
}

SEC("cgroup/connect4")
int lock_connect4(struct bpf_sock_addr *ctx) {
    struct address_lock *lock = own_lock();
    if (is_elsewhere(ctx, lock)) return 1;
    __u32 to = destination4(lock, ctx->user_ip4), source = source4(lock, to);
    if (!to || !source) return refuse(ENETUNREACH);
    ctx->user_ip4 = to;
    if (!ctx->sk) return refuse(EPERM);
    return ctx->sk->src_ip4 ? 1 : leave_from4(ctx, source);
}

static __always_inline int has_source6(struct bpf_sock *sk) {
    return (sk->src_ip6[0] | sk->src_ip6[1] | sk->src_ip6[2] | sk->src_ip6[3]) != 0;
}

static __always_inline int connect_mapped(struct bpf_sock_addr *ctx, const struct address_lock *lock, __u32 asked) {
    __u32 to = destination4(lock, asked), source = source4(lock, to);
    __u32 mapped[4] = {0, 0, MAPPED_WORD, source};
    if (!to || !source) return refuse(ENETUNREACH);
    answer_mapped(ctx, to);
    if (!ctx->sk) return refuse(EPERM);
    return has_source6(ctx->sk) ? 1 : leave_from6(ctx, mapped);
}

/* The lock's IPv6 destination in place of what was asked for; 0: none. */
static __always_inline int destination6(struct bpf_sock_addr *ctx, const struct address_lock *lock, struct address6 *to) {
    int loopback = is_any6(to) || is_loopback6(to);
    if (loopback && lock->loopback4) {
        for (int i = 0; i < 4; i++) to->word[i] = lock->loopback6[i];
        answer6(ctx, lock->loopback6);
        return 1;
    }
    if (is_private_loopback6(to) && !is_own6(lock, to)) return 0;
    return lock->count6 != 0;
}

/* The source for it. */
static __always_inline const __u32 *address_for6(const struct address_lock *lock, const struct address6 *to) {
    if (is_own_loopback6(lock, to)) return lock->loopback6;
    return lock->six[source6(lock, to) & (ADDRESS_LOCK_MOST - 1)].address;
}

SEC("cgroup/connect6")
int lock_connect6(struct bpf_sock_addr *ctx) {
    struct address_lock *lock = own_lock();
    if (is_elsewhere(ctx, lock)) return 1;
    struct address6 to = asked6(ctx);
    if (is_mapped6(&to)) return connect_mapped(ctx, lock, to.word[3]);
    if (!destination6(ctx, lock, &to)) return refuse(ENETUNREACH);
    if (!ctx->sk) return refuse(EPERM);
    return has_source6(ctx->sk) ? 1 : leave_from6(ctx, address_for6(lock, &to));
}

/* ------------------------------------------------------------------------------------------ datagrams without connection */

/* What a socket on "any" says to somebody who has asked it leaves from where he asked, unless the program says another address. */
static __always_inline __u32 answered4(struct bpf_sock_addr *ctx, const struct address_lock *lock, __u32 to, __u32 otherwise) {
    struct address6 peer = {{0, 0, MAPPED_WORD, to}};
    struct answer *answer = answer_to(ctx, &peer);
    return answer && is_own4(lock, answer->from[3]) ? answer->from[3] : otherwise;
}

static __always_inline const __u32 *answered6(struct bpf_sock_addr *ctx, const struct address_lock *lock, const struct address6 *to) {
    struct answer *answer = answer_to(ctx, to);
    if (!answer) return 0;
    struct address6 from = {{answer->from[0], answer->from[1], answer->from[2], answer->from[3]}};
    return is_own6(lock, &from) ? answer->from : 0;
}

SEC("cgroup/sendmsg4")
int lock_send4(struct bpf_sock_addr *ctx) {
    struct address_lock *lock = own_lock();
    if (is_elsewhere(ctx, lock)) return 1;
    __u32 to = destination4(lock, ctx->user_ip4), source = ctx->msg_src_ip4;
    if (!to) return refuse(ENETUNREACH);
    if (!source) source = source4(lock, to);
    if (lock->loopback4 && is_usual_loopback4(source)) source = lock->loopback4 | (source & LAST_OCTET);
    if (!source) return refuse(ENETUNREACH);
    if (!is_own4(lock, source)) return refuse(EADDRNOTAVAIL);
    if (lock->steered && source == lock->four[0].address) source = answered4(ctx, lock, to, source);
    ctx->user_ip4 = to;
    ctx->msg_src_ip4 = source;
    return 1;
}

SEC("cgroup/sendmsg6")
int lock_send6(struct bpf_sock_addr *ctx) {
    struct address_lock *lock = own_lock();
    if (is_elsewhere(ctx, lock)) return 1;
    struct address6 to = asked6(ctx);
    volatile __u32 *word = ctx->msg_src_ip6;
    struct address6 source = {{word[0], word[1], word[2], word[3]}};
    if (!destination6(ctx, lock, &to)) return refuse(ENETUNREACH);
    int choose = is_any6(&source) || (is_loopback6(&source) && lock->loopback4);
    /* A socket of both families is bound to the IPv4 address. */
    choose |= is_mapped6(&source) && is_own4(lock, source.word[3]);
    if (!choose && !is_own6(lock, &source)) return refuse(EADDRNOTAVAIL);
    const __u32 *from = 0;
    if (lock->steered && (choose || equal6(&source, lock->six[0].address))) from = answered6(ctx, lock, &to);
    if (!choose && !from) return 1;
    if (!from) from = is_loopback6(&source) ? lock->loopback6 : address_for6(lock, &to);
    word[0] = from[0];
    word[1] = from[1];
    word[2] = from[2];
    word[3] = from[3];
    return 1;
}

/* -------------------------------------------- names, for a lock with a loopback of its own: it is shown as the usual one */

static __always_inline int show4(struct bpf_sock_addr *ctx) {
    ctx->user_ip4 = shown4(own_lock(), ctx->user_ip4);
    return 1;
}

static __always_inline int show6(struct bpf_sock_addr *ctx) {
    struct address_lock *lock = own_lock();
    struct address6 real = asked6(ctx);
    __u32 loopback[4] = {0, 0, 0, bpf_htonl(1)};
    if (is_own_loopback6(lock, &real)) answer6(ctx, loopback);
    if (is_mapped6(&real)) answer_mapped(ctx, shown4(lock, real.word[3]));
    return 1;
}

SEC("cgroup/getsockname4") int show_own4(struct bpf_sock_addr *ctx) { return show4(ctx); }
SEC("cgroup/getsockname6") int show_own6(struct bpf_sock_addr *ctx) { return show6(ctx); }
SEC("cgroup/getpeername4") int show_peer4(struct bpf_sock_addr *ctx) { return show4(ctx); }
SEC("cgroup/getpeername6") int show_peer6(struct bpf_sock_addr *ctx) { return show6(ctx); }
SEC("cgroup/recvmsg4") int show_sender4(struct bpf_sock_addr *ctx) { return show4(ctx); }
SEC("cgroup/recvmsg6") int show_sender6(struct bpf_sock_addr *ctx) { return show6(ctx); }
