/* Part of address_lock.bpf.c: the two filters of packets. What never meets a hook ends here: listen() without bind, datagrams to
 * a port that was never bound, ping sockets, raw headers. */

static __always_inline int is_of_elsewhere(struct __sk_buff *skb) {
    struct bpf_sock *sk = skb->sk;
    if (!sk) return 0;
    sk = bpf_sk_fullsock(sk);
    return sk && bpf_sk_storage_get(&elsewhere, sk, 0, 0) != 0;
}

/* The words of an IPv6 address in a header that has been checked. */
static __always_inline struct address6 header6(const struct in6_addr *in) {
    struct address6 a = {{in->in6_u.u6_addr32[0], in->in6_u.u6_addr32[1], in->in6_u.u6_addr32[2], in->in6_u.u6_addr32[3]}};
    return a;
}

/* 1 where a packet to this place may leave: the loopback of another context is out of reach, and the usual one where the lock has
 * its own. */
static __always_inline int may_go4(const struct address_lock *lock, __u32 to) {
    if (lock->loopback4 && is_loopback4(to)) return is_own4(lock, to);
    return !is_private_loopback4(to);
}

static __always_inline int may_go6(const struct address_lock *lock, const struct address6 *to) {
    if (is_own6(lock, to)) return 1;
    return !is_private_loopback6(to) && !(lock->loopback4 && is_loopback6(to));
}

SEC("cgroup_skb/egress")
int lock_egress(struct __sk_buff *skb) {
    struct address_lock *lock = own_lock();
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    int allowed = 0;
    if (skb->protocol == bpf_htons(ETH_P_IP)) {
        struct iphdr *ip = data;
        if ((void *)(ip + 1) > end) return 0;
        allowed = is_own4(lock, ip->saddr) && may_go4(lock, ip->daddr);
    } else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
        struct ipv6hdr *ip = data;
        if ((void *)(ip + 1) > end) return 0;
        struct address6 from = header6(&ip->saddr), to = header6(&ip->daddr);
        allowed = is_own6(lock, &from) && may_go6(lock, &to);
    }
    return allowed || is_of_elsewhere(skb);
}

/* 1 where the socket that sent it was made under a lock with the same loopback. A source address proves nothing: any process of the host may bind to an
 * address of our loopback, and the kernel itself picks the destination as source. */
static __always_inline int is_sent_by_own(struct __sk_buff *skb, const struct address_lock *lock, struct bpf_sock_tuple *tuple,
                                          __u32 size, __u8 protocol) {
    struct bpf_sock *sender;
    if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) return 0;
    if (protocol == IPPROTO_TCP)
        sender = bpf_sk_lookup_tcp(skb, tuple, size, BPF_F_CURRENT_NETNS, 0);
    else
        sender = bpf_sk_lookup_udp(skb, tuple, size, BPF_F_CURRENT_NETNS, 0);
    if (!sender) return 0;
    __u32 *loopback = bpf_sk_storage_get(&members, sender, 0, 0);
    int own = loopback && *loopback == lock->loopback4;
    bpf_sk_release(sender);
    return own;
}

static __always_inline int from_own4(struct __sk_buff *skb, const struct address_lock *lock, const struct iphdr *ip) {
    struct bpf_sock_tuple tuple = {};
    struct ports ports;
    __u8 protocol = ip->protocol;
    /* An answer to a ping socket: no datagram gets in by it. */
    if (protocol == IPPROTO_ICMP) return is_own4(lock, ip->saddr);
    if (bpf_skb_load_bytes(skb, (__u32)ip->ihl * 4, &ports, sizeof ports)) return 0;
    tuple.ipv4.saddr = ip->daddr;
    tuple.ipv4.sport = ports.destination;
    tuple.ipv4.daddr = ip->saddr;
    tuple.ipv4.dport = ports.source;
    return is_sent_by_own(skb, lock, &tuple, sizeof tuple.ipv4, protocol);
}

static __always_inline int from_own6(struct __sk_buff *skb, const struct address_lock *lock, const struct ipv6hdr *ip) {
    struct bpf_sock_tuple tuple = {};
    struct ports ports;
    __u8 protocol = ip->nexthdr;
    if (protocol == IPPROTO_ICMPV6) {
        struct address6 from = header6(&ip->saddr);
        return is_own6(lock, &from);
    }
    if (bpf_skb_load_bytes(skb, sizeof *ip, &ports, sizeof ports)) return 0;
    __builtin_memcpy(tuple.ipv6.saddr, &ip->daddr, sizeof tuple.ipv6.saddr);
    __builtin_memcpy(tuple.ipv6.daddr, &ip->saddr, sizeof tuple.ipv6.daddr);
    tuple.ipv6.sport = ports.destination;
    tuple.ipv6.dport = ports.source;
    return is_sent_by_own(skb, lock, &tuple, sizeof tuple.ipv6, protocol);
}

static __always_inline void note_question4(struct __sk_buff *skb, const struct iphdr *ip) {
    struct address6 from = {{0, 0, MAPPED_WORD, ip->saddr}}, to = {{0, 0, MAPPED_WORD, ip->daddr}};
    note_question(skb, &from, &to, (__u32)ip->ihl * 4);
}

static __always_inline void note_question6(struct __sk_buff *skb, const struct ipv6hdr *ip) {
    struct address6 from = header6(&ip->saddr), to = header6(&ip->daddr);
    note_question(skb, &from, &to, sizeof *ip);
}

SEC("cgroup_skb/ingress")
int lock_ingress(struct __sk_buff *skb) {
    struct address_lock *lock = own_lock();
    void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
    int allowed = 0;
    if (skb->protocol == bpf_htons(ETH_P_IP)) {
        struct iphdr *ip = data;
        if ((void *)(ip + 1) > end) return 0;
        if (is_own_loopback4(lock, ip->daddr)) {
            allowed = from_own4(skb, lock, ip);
            if (allowed && ip->protocol == IPPROTO_UDP) note_question4(skb, ip);
            return allowed;
        }
        allowed = is_own4(lock, ip->daddr) || is_multicast4(ip->daddr) || is_broadcast4(lock, ip->daddr);
        if (allowed && lock->steered && ip->protocol == IPPROTO_UDP) note_question4(skb, ip);
    } else if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
        struct ipv6hdr *ip = data;
        if ((void *)(ip + 1) > end) return 0;
        struct address6 to = header6(&ip->daddr);
        if (is_own_loopback6(lock, &to)) {
            allowed = from_own6(skb, lock, ip);
            if (allowed && ip->nexthdr == IPPROTO_UDP) note_question6(skb, ip);
            return allowed;
        }
        allowed = is_own6(lock, &to) || is_multicast6(&to);
        if (allowed && lock->steered && ip->nexthdr == IPPROTO_UDP) note_question6(skb, ip);
    }
    return allowed || is_of_elsewhere(skb);
}
