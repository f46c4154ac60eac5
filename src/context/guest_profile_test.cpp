#include "context/guest_profile.hpp"

#include <gtest/gtest.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "context/filter.hpp"
#include "context/filter_evaluator.hpp"
#include "context/guest_calls.hpp"

namespace vs::context {
namespace {

constexpr FilterOptions kVariants[] = {{true, false, false}, {true, true, false}, {false, false, false}, {false, true, false},
                                       {true, false, true},  {true, true, true},  {false, false, true},  {false, true, true}};
constexpr FilterOptions kDefault = kVariants[0], kFirewall = kVariants[1], kNoUserNamespaces = kVariants[2], kView = kVariants[4];

using Arguments = std::array<std::uint64_t, 6>;
using Words = std::initializer_list<std::uint64_t>;

/// The errno that the filter answers with, 0 where it allows the call or hands it on, -1 for anything else.
int verdict(FilterOptions options, std::uint32_t number, Arguments a = {}, std::uint32_t architecture = kNativeArchitecture) {
    const seccomp_data data{static_cast<int>(number), architecture, 0, {a[0], a[1], a[2], a[3], a[4], a[5]}};
    const auto result = evaluate(guest_filter(options), data);
    if (!result) return -1;
    if (result->action == SECCOMP_RET_ALLOW || result->action == SECCOMP_RET_USER_NOTIF) return 0;
    if ((result->action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO) return -1;
    return static_cast<int>(result->action & SECCOMP_RET_DATA);
}

int socket_verdict(FilterOptions options, int family, int type, int protocol) {
    const Arguments a{static_cast<std::uint32_t>(family), static_cast<std::uint32_t>(type), static_cast<std::uint32_t>(protocol)};
    const int answer = verdict(options, SYS_socket, a);
    EXPECT_EQ(verdict(options, SYS_socketpair, a), answer) << "socketpair differs for family " << family;
    return answer;
}

int option_verdict(FilterOptions options, std::uint64_t level, std::uint64_t name) {
    const int answer = verdict(options, SYS_setsockopt, {3, level, name});
    EXPECT_EQ(verdict(options, SYS_getsockopt, {3, level, name}), answer);
    return answer;
}

/// Arguments of calls that are judged by them and have some that pass.
Arguments harmless_arguments(std::uint32_t number) {
    if (number == SYS_socket || number == SYS_socketpair) return {AF_UNIX, SOCK_STREAM};
    return {};
}

std::map<std::uint32_t, int> expected_verdicts(FilterOptions options) {
    std::map<std::uint32_t, int> expected;
    for (const auto& call : allowed_calls()) expected[call.number] = 0;
    for (const auto& call : refused_calls()) expected[call.number] = call.errno_value;
    if (!options.user_namespaces) expected[SYS_clone3] = ENOSYS;
    return expected;
}

TEST(GuestFilter, decides_every_number_as_the_table_says_and_knows_no_other) {
    for (const auto& options : kVariants) {
        const auto expected = expected_verdicts(options);
        for (std::uint32_t number = 0; number < 1024; ++number) {
            const auto row = expected.find(number);
            const int wanted = row == expected.end() ? ENOSYS : row->second;
            ASSERT_EQ(verdict(options, number, harmless_arguments(number)), wanted) << number;
        }
    }
}

TEST(GuestFilter, has_no_answer_for_numbers_that_no_kernel_gave_out) {
    for (const auto& options : kVariants) {
        // 335 to 423 lies between the old and the common numbers: 335 and 336 became calls of the kernel's own probes.
        for (std::uint32_t number = 335; number < 424; ++number) EXPECT_EQ(verdict(options, number), ENOSYS) << number;
        for (std::uint32_t number : {512U, 547U, 1024U, 0x7fffffffU, 0x80000000U, 0xffffffffU})
            EXPECT_EQ(verdict(options, number), ENOSYS) << number;
    }
}

TEST(GuestFilter, knows_the_native_architecture_only) {
    constexpr std::uint32_t kX32 = 0x40000000;
    for (const auto& options : kVariants)
        for (std::uint32_t number = 0; number < 1024; ++number) {
            for (std::uint32_t foreign : std::to_array<std::uint32_t>({AUDIT_ARCH_I386, AUDIT_ARCH_ARM, 0, ~0U}))
                ASSERT_EQ(verdict(options, number, harmless_arguments(number), foreign), ENOSYS) << foreign << ' ' << number;
            ASSERT_EQ(verdict(options, number | kX32, harmless_arguments(number)), ENOSYS) << "x32 " << number;
        }
}

TEST(GuestFilter, keeps_closed_what_the_attacks_need) {
    const std::set<std::string_view> wanted{
        "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "iopl", "ioperm", "swapon", "swapoff", "acct",
        "quotactl", "quotactl_fd", "settimeofday", "clock_settime", "bpf", "perf_event_open", "userfaultfd", "io_uring_setup",
        "io_uring_enter", "io_uring_register", "keyctl", "add_key", "request_key", "open_by_handle_at", "kcmp", "process_vm_readv",
        "process_vm_writev", "fanotify_init", "lookup_dcookie", "syslog", "pidfd_getfd", "move_pages", "memfd_secret"};
    std::set<std::string_view> missing = wanted;
    for (const auto& call : refused_calls()) missing.erase(call.name);
    EXPECT_TRUE(missing.empty()) << *missing.begin() << " is not refused";
}

TEST(GuestFilter, gives_a_reason_and_a_known_errno_for_every_refused_call) {
    for (const auto& call : refused_calls()) {
        EXPECT_FALSE(call.reason.empty()) << call.name;
        EXPECT_TRUE(call.errno_value == EPERM || call.errno_value == ENOSYS) << call.name;
    }
}

#ifdef __x86_64__  // the manual lists the calls of this architecture
std::string manual_rows() {
    std::ostringstream rows;
    for (const auto& call : refused_calls())
        rows << "| " << call.name << " | " << (call.errno_value == EPERM ? "EPERM" : "ENOSYS") << " | " << call.reason << " |\n";
    return rows.str();
}

TEST(GuestFilter, refuses_what_the_manual_lists) {
    std::ifstream file(VS_SOURCE_DIR "/docs/security.md");
    ASSERT_TRUE(file) << "docs/security.md";
    const std::string manual{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(manual.find("|---|---|---|\n" + manual_rows() + "\n"), std::string::npos)
        << "docs/security.md, \"System calls refused to a server\", should read:\n" << manual_rows();
}
#endif

TEST(GuestFilter, hands_on_who_asks_about_the_network_and_nobody_else) {
    const auto action = [](FilterOptions options, std::uint32_t family, std::uint32_t type, std::uint64_t protocol) {
        const seccomp_data data{SYS_socket, kNativeArchitecture, 0, {family, type, protocol}};
        return evaluate(guest_filter(options), data)->action;
    };
    constexpr std::uint64_t kHigh = std::uint64_t{1} << 32;  // the kernel does not look at it
    for (auto type : std::to_array<std::uint32_t>({SOCK_RAW, SOCK_DGRAM, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK}))
        for (auto protocol : std::to_array<std::uint64_t>({NETLINK_ROUTE, NETLINK_ROUTE | kHigh})) {
            EXPECT_EQ(action(kView, AF_NETLINK, type, protocol), SECCOMP_RET_USER_NOTIF);
            EXPECT_EQ(action(kDefault, AF_NETLINK, type, protocol), SECCOMP_RET_ALLOW);
        }
    for (auto protocol : std::to_array<std::uint32_t>({NETLINK_SOCK_DIAG, NETLINK_AUDIT, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC}))
        EXPECT_EQ(action(kView, AF_NETLINK, SOCK_RAW, protocol), SECCOMP_RET_ALLOW) << protocol;
    for (auto family : std::to_array<std::uint32_t>({AF_UNIX, AF_INET, AF_INET6})) EXPECT_EQ(action(kView, family, SOCK_DGRAM, 0), SECCOMP_RET_ALLOW) << family;
}

TEST(GuestFilter, is_short_and_shallow) {
    for (const auto& options : kVariants) {
        EXPECT_LE(guest_filter(options).size(), 150U);
        for (const auto& call : allowed_calls()) {
            const seccomp_data data{static_cast<int>(call.number), kNativeArchitecture, 0, {}};
            EXPECT_LE(evaluate(guest_filter(options), data)->steps, 20U) << call.name;
        }
    }
}

TEST(GuestSockets, families_are_a_list) {
    for (int family = 0; family < 64; ++family) {
        const bool known = family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;
        for (const auto& options : kVariants)
            EXPECT_EQ(socket_verdict(options, family, SOCK_DGRAM, 0), known ? 0 : EAFNOSUPPORT) << "family " << family;
    }
    EXPECT_EQ(socket_verdict(kDefault, -1, SOCK_DGRAM, 0), EAFNOSUPPORT);
    EXPECT_EQ(verdict(kDefault, SYS_socket, {0x100000000 | AF_ALG, SOCK_SEQPACKET}), EAFNOSUPPORT);
}

TEST(GuestSockets, netlink_protocols_are_a_list) {
    const std::set<int> allowed{NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_AUDIT, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC};
    for (int protocol = -1; protocol < 64; ++protocol) {
        const int closed = allowed.contains(protocol) ? 0 : EPROTONOSUPPORT;
        EXPECT_EQ(socket_verdict(kDefault, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), closed) << protocol;
        const int open = protocol == NETLINK_NETFILTER ? 0 : closed;
        EXPECT_EQ(socket_verdict(kFirewall, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), open) << protocol;
    }
}

TEST(GuestSockets, internet_protocols_are_a_list_except_for_raw_sockets) {
    const std::set<int> allowed{0, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMPV6, IPPROTO_MPTCP};
    for (int family : {AF_INET, AF_INET6})
        for (int protocol = -1; protocol < 300; ++protocol) {
            const int listed = allowed.contains(protocol) ? 0 : EPROTONOSUPPORT;
            EXPECT_EQ(socket_verdict(kDefault, family, SOCK_STREAM | SOCK_CLOEXEC, protocol), listed) << protocol;
            EXPECT_EQ(socket_verdict(kDefault, family, SOCK_DGRAM, protocol), listed) << protocol;
            EXPECT_EQ(socket_verdict(kDefault, family, SOCK_RAW | SOCK_CLOEXEC, protocol), 0) << protocol;
        }
}

TEST(GuestSockets, other_types_of_internet_sockets_are_refused) {
    constexpr int kSockPacket = 10;  // the kernel makes an AF_PACKET socket of it
    for (int type : {int{SOCK_SEQPACKET}, int{SOCK_DCCP}, kSockPacket, kSockPacket | int{SOCK_CLOEXEC}})
        EXPECT_EQ(socket_verdict(kDefault, AF_INET, type, 0), EPROTONOSUPPORT) << type;
    EXPECT_EQ(socket_verdict(kDefault, AF_UNIX, SOCK_SEQPACKET, 0), 0);
}

TEST(GuestSockets, options_of_packet_filters_need_firewall) {
    for (auto option : Words{64, 65, 66, 67, 96, 128, 1152}) {
        EXPECT_EQ(option_verdict(kDefault, IPPROTO_IP, option), ENOPROTOOPT) << option;
        EXPECT_EQ(option_verdict(kFirewall, IPPROTO_IP, option), 0) << option;
    }
    for (auto option : Words{64, 65, 68, 69}) {
        EXPECT_EQ(option_verdict(kDefault, IPPROTO_IPV6, option), ENOPROTOOPT) << option;
        EXPECT_EQ(option_verdict(kFirewall, IPPROTO_IPV6, option), 0) << option;
    }
    EXPECT_EQ(option_verdict(kDefault, IPPROTO_IP, 0x100000000 | 64), ENOPROTOOPT) << "the kernel ignores the high word";
    EXPECT_EQ(option_verdict(kDefault, 0x100000000, 64), ENOPROTOOPT);
}

TEST(GuestSockets, options_of_ipsec_are_never_open) {
    for (const auto& options : kVariants) {
        for (auto option : Words{IP_IPSEC_POLICY, IP_XFRM_POLICY})
            EXPECT_EQ(option_verdict(options, IPPROTO_IP, option), ENOPROTOOPT);
        for (auto option : Words{IPV6_IPSEC_POLICY, IPV6_XFRM_POLICY})
            EXPECT_EQ(option_verdict(options, IPPROTO_IPV6, option), ENOPROTOOPT);
    }
}

TEST(GuestSockets, ordinary_options_are_open) {
    for (auto option : Words{IP_TOS, IP_TTL, IP_HDRINCL, IP_PKTINFO, IP_FREEBIND, IP_ADD_MEMBERSHIP, IP_UNICAST_IF})
        EXPECT_EQ(option_verdict(kDefault, IPPROTO_IP, option), 0) << option;
    for (auto option : Words{IPV6_V6ONLY, IPV6_RECVPKTINFO, IPV6_TCLASS, IPV6_RECVTCLASS, IPV6_UNICAST_IF})
        EXPECT_EQ(option_verdict(kDefault, IPPROTO_IPV6, option), 0) << option;
    for (auto option : Words{16, 17, 64, 65}) EXPECT_EQ(option_verdict(kDefault, SOL_SOCKET, option), 0) << option;
    EXPECT_EQ(option_verdict(kDefault, IPPROTO_TCP, 1), 0);
}

TEST(GuestIoctl, refuses_three_requests_whatever_the_high_word_says) {
    for (auto high : Words{0ULL, 1ULL << 32, 0xffffffffULL << 32}) {
        for (auto request : Words{TIOCSTI, TIOCLINUX, TIOCSETD})
            EXPECT_EQ(verdict(kDefault, SYS_ioctl, {0, high | request}), EPERM);
        for (auto request : Words{TIOCSCTTY, TIOCGWINSZ, TIOCGETD, FIONREAD})
            EXPECT_EQ(verdict(kDefault, SYS_ioctl, {0, high | request}), 0);
    }
}

TEST(GuestUserNamespaces, are_refused_to_clone_and_unshare_where_the_settings_say_so) {
    constexpr std::uint64_t kHigh = 0xff00000000;
    for (std::uint32_t number : std::to_array<std::uint32_t>({SYS_clone, SYS_unshare})) {
        for (auto flags : Words{CLONE_NEWUSER, CLONE_NEWUSER | CLONE_NEWNET, kHigh | CLONE_NEWUSER}) {
            EXPECT_EQ(verdict(kNoUserNamespaces, number, {flags}), EPERM);
            EXPECT_EQ(verdict(kDefault, number, {flags}), 0);
        }
        for (auto flags : Words{CLONE_NEWNS, CLONE_NEWNET, CLONE_VM | CLONE_VFORK | 17})
            EXPECT_EQ(verdict(kNoUserNamespaces, number, {flags}), 0);
    }
}

TEST(GuestPersonality, allows_the_question_and_what_setarch_sets) {
    for (auto persona : Words{0, PER_LINUX32, UNAME26, ADDR_NO_RANDOMIZE})
        EXPECT_EQ(verdict(kDefault, SYS_personality, {persona}), 0) << persona;
    EXPECT_EQ(verdict(kDefault, SYS_personality, {0xffffffff}), 0);
    for (auto persona : Words{READ_IMPLIES_EXEC, MMAP_PAGE_ZERO, ADDR_COMPAT_LAYOUT, PER_SVR4})
        EXPECT_EQ(verdict(kDefault, SYS_personality, {persona}), EPERM) << persona;
}

}  // namespace
}  // namespace vs::context
