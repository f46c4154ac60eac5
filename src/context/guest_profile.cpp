#include "context/guest_profile.hpp"

#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "context/filter.hpp"
#include "context/guest_call_table.hpp"

namespace vs::context {

namespace {

/// Every place where a call can be decided.
struct Labels {
    Label allow, absent, refused, no_family, no_protocol, no_option;                   // answers
    Label handed_on;                                                      // what somebody else answers
    Label socket, socket_option, ioctl, new_user_namespace, personality;  // argument rules

    constexpr explicit Labels(FilterAssembler& a)
        : allow(a.make_label()), absent(a.make_label()), refused(a.make_label()), no_family(a.make_label()),
          no_protocol(a.make_label()), no_option(a.make_label()), handed_on(a.make_label()), socket(a.make_label()),
          socket_option(a.make_label()), ioctl(a.make_label()), new_user_namespace(a.make_label()), personality(a.make_label()) {}
};

/// The label of every call number, and one more for all beyond.
constexpr std::size_t kNumbers = 512;
using LabelByNumber = std::array<Label, kNumbers + 1>;

constexpr void refuse_new_user_namespaces(LabelByNumber& by_number, const Labels& to) {
    by_number[__NR_clone] = by_number[__NR_unshare] = to.new_user_namespace;
    // Its flags are behind a pointer, which a filter cannot follow. libc falls back to clone.
    by_number[__NR_clone3] = to.absent;
}

constexpr LabelByNumber labels_by_number(FilterOptions options, const Labels& to) {
    LabelByNumber by_number{};
    by_number.fill(to.absent);
    for (const auto& call : kAllowedCalls) by_number[call.number] = to.allow;
    for (const auto& call : kRefusedCalls) by_number[call.number] = call.errno_value == ENOSYS ? to.absent : to.refused;
    by_number[__NR_socket] = by_number[__NR_socketpair] = to.socket;
    by_number[__NR_setsockopt] = by_number[__NR_getsockopt] = to.socket_option;
    by_number[__NR_ioctl] = to.ioctl;
    by_number[__NR_personality] = to.personality;
    if (!options.user_namespaces) refuse_new_user_namespaces(by_number, to);
    return by_number;
}

constexpr void add_number_tree(FilterAssembler& assembler, const LabelByNumber& by_number) {
    std::array<CallRange, kNumbers + 1> ranges{};
    std::size_t count = 0;
    for (std::size_t number = 0; number < by_number.size(); ++number)
        if (number == 0 || by_number[number] != by_number[number - 1])
            ranges[count++] = {static_cast<std::uint32_t>(number), by_number[number]};
    add_range_tree(assembler, std::span(ranges).first(count));
}

constexpr void accept_any(FilterAssembler& a, const Labels& to, std::initializer_list<std::uint32_t> values) {
    for (std::uint32_t value : values) a.if_equal(value, to.allow);
}

// An Internet socket's protocol is a list too: an unknown one makes the kernel load a module (SCTP, DCCP, L2TP, SMC: each with
// its line of holes). MPTCP is served by the same network namespace as TCP and opens no further way out. A raw socket
// carries any protocol but starts none. Type SOCK_PACKET would turn AF_INET into AF_PACKET (net/socket.c, __sock_create).
constexpr void add_internet_rule(FilterAssembler& a, const Labels& to) {
    constexpr std::uint32_t kTypeMask = 0xf;  // SOCK_TYPE_MASK of the kernel; the rest are flags
    a.load_low_word(1);
    a.mask(kTypeMask);
    a.if_equal(SOCK_RAW, to.allow);
    a.if_at_least(SOCK_RAW, to.no_protocol);
    a.load_low_word(2);
    accept_any(a, to, {IPPROTO_IP, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_MPTCP});
    a.go(to.no_protocol);
}

constexpr void add_netlink_rule(FilterAssembler& a, const Labels& to, FilterOptions options) {
    a.load_low_word(2);
    if (options.network_view) a.if_equal(NETLINK_ROUTE, to.handed_on);
    accept_any(a, to, {NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_AUDIT, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC});
    if (options.firewall) a.if_equal(NETLINK_NETFILTER, to.allow);
    a.go(to.no_protocol);
}

// The same arguments for socketpair(2), whose creation of a socket also loads modules.
constexpr void add_socket_rule(FilterAssembler& a, const Labels& to, FilterOptions options) {
    const Label internet = a.make_label(), netlink = a.make_label();
    a.place(to.socket);
    a.load_low_word(0);
    a.if_equal(AF_UNIX, to.allow);
    a.if_equal(AF_INET, internet);
    a.if_equal(AF_INET6, internet);
    a.if_equal(AF_NETLINK, netlink, to.no_family);
    a.place(internet);
    add_internet_rule(a, to);
    a.place(netlink);
    add_netlink_rule(a, to, options);
}

// Socket options reach two things that the socket families keep away: policies of IPsec, and the tables of iptables, arptables,
// ebtables and IPVS (IPT_SO_SET_REPLACE: CVE-2021-22555). Everything at SOL_IP from 64 on belongs to those tables.
constexpr void add_socket_option_rule(FilterAssembler& a, const Labels& to, FilterOptions options) {
    constexpr std::uint32_t kTables = 64;  // XT_BASE_CTL; for IPv6 64, 65, 68 and 69, with IPV6_TCLASS among them
    const Label version4 = a.make_label(), version6 = a.make_label();
    a.place(to.socket_option);
    a.load_low_word(1);
    a.if_equal(IPPROTO_IP, version4);
    a.if_equal(IPPROTO_IPV6, version6, to.allow);
    a.place(version4);
    a.load_low_word(2);
    if (!options.firewall) a.if_at_least(kTables, to.no_option);
    a.if_equal(IP_IPSEC_POLICY, to.no_option);
    a.if_equal(IP_XFRM_POLICY, to.no_option, to.allow);
    a.place(version6);
    a.load_low_word(2);
    if (!options.firewall)
        for (std::uint32_t option : {kTables, kTables + 1, kTables + 4, kTables + 5}) a.if_equal(option, to.no_option);
    a.if_equal(IPV6_IPSEC_POLICY, to.no_option);
    a.if_equal(IPV6_XFRM_POLICY, to.no_option, to.allow);
}

// TIOCSTI types into a terminal, TIOCLINUX pastes into a console, TIOCSETD loads line disciplines. The kernel takes the request as
// 32 bits, so only those are compared: a filter on all 64 is passed by setting a high one (CVE-2019-7303, CVE-2019-10063).
constexpr void add_ioctl_rule(FilterAssembler& a, const Labels& to) {
    a.place(to.ioctl);
    a.load_low_word(1);
    a.if_equal(TIOCSTI, to.refused);
    a.if_equal(TIOCLINUX, to.refused);
    a.if_equal(TIOCSETD, to.refused, to.allow);
}

// clone and unshare have the flags first on our architectures, of which the kernel looks at the low word only.
constexpr void add_new_user_namespace_rule(FilterAssembler& a, const Labels& to) {
    a.place(to.new_user_namespace);
    a.load_low_word(0);
    a.if_any_bit(CLONE_NEWUSER, to.refused, to.allow);
}

// What setarch, linux32 and gdb set, and the question 0xffffffff. Not READ_IMPLIES_EXEC or MMAP_PAGE_ZERO.
constexpr void add_personality_rule(FilterAssembler& a, const Labels& to) {
    constexpr std::uint32_t kHarmless = std::uint32_t{PER_LINUX32} | std::uint32_t{UNAME26} | std::uint32_t{ADDR_NO_RANDOMIZE};
    a.place(to.personality);
    a.load_low_word(0);
    a.if_equal(~0U, to.allow);
    a.if_any_bit(~kHarmless, to.refused, to.allow);
}

constexpr void add_answers(FilterAssembler& a, const Labels& to) {
    a.place(to.allow), a.allow();
    a.place(to.handed_on), a.notify();
    a.place(to.absent), a.refuse(ENOSYS);
    a.place(to.refused), a.refuse(EPERM);
    a.place(to.no_family), a.refuse(EAFNOSUPPORT);
    a.place(to.no_protocol), a.refuse(EPROTONOSUPPORT);
    a.place(to.no_option), a.refuse(ENOPROTOOPT);
}

// x32 needs no rule of its own: its numbers have bit 30 set, which is beyond the table.
consteval FilterProgram compile(FilterOptions options) {
    FilterAssembler assembler;
    const Labels to(assembler);
    assembler.load_architecture();
    assembler.if_equal(kNativeArchitecture, Label::next, to.absent);
    assembler.load_number();
    add_number_tree(assembler, labels_by_number(options, to));
    add_socket_rule(assembler, to, options);
    add_socket_option_rule(assembler, to, options);
    add_ioctl_rule(assembler, to);
    if (!options.user_namespaces) add_new_user_namespace_rule(assembler, to);
    add_personality_rule(assembler, to);
    add_answers(assembler, to);
    return assembler.finish();
}

/// Every option is a bit of a program's place.
constexpr std::size_t place_of(FilterOptions options) {
    return (options.user_namespaces ? 1U : 0U) | (options.firewall ? 2U : 0U) | (options.network_view ? 4U : 0U);
}
consteval FilterProgram compile_for(std::size_t place) {
    return compile({.user_namespaces = (place & 1U) != 0, .firewall = (place & 2U) != 0, .network_view = (place & 4U) != 0});
}
constexpr std::array kPrograms = {compile_for(0), compile_for(1), compile_for(2), compile_for(3),
                                  compile_for(4), compile_for(5), compile_for(6), compile_for(7)};

}  // namespace

std::span<const sock_filter> guest_filter(FilterOptions options) noexcept { return kPrograms[place_of(options)].span(); }

}  // namespace vs::context
