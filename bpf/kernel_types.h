/* The few fields of the kernel's own types that we read, found by name in the running kernel's BTF (CO-RE): the order and
 * whatever is between them do not matter. */
#ifndef VSERVER_KERNEL_TYPES_H
#define VSERVER_KERNEL_TYPES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sock_common {
    unsigned char skc_ipv6only : 1;
};
struct sock {
    struct sock_common __sk_common;
};
struct inet_sock {
    struct sock sk;
};
struct inet_connection_sock {
    struct inet_sock icsk_inet;
};
struct tcp_sock {
    struct inet_connection_sock inet_conn;
};
struct tcp6_sock {
    struct tcp_sock tcp;
};
struct udp_sock {
    struct inet_sock inet;
};
struct udp6_sock {
    struct udp_sock udp;
};

#pragma clang attribute pop

#endif
