// Attack X20: calls every system call number and compares the kernel's answers with the table that the filter is made of.
//
//   seccomp_walk [--no-userns] [--firewall]          as root of a server: every number, 0 to 600
//   seccomp_walk --load [--no-userns] [--firewall]   anywhere: loads the filter first, and tries only what it must refuse
//
// Each call is made by a child of its own, with 0, -1 and a pointer in every argument. A line tells the number, the name, what was
// expected and the three answers; the status is 1 where one is wrong, 77 where the filter could not be loaded.
//
// The calls are really made: fchmod(0, 0) takes every permission from what standard input is. So descriptor 0 is a file of the
// walk's own, and the full walk does not start where root is the machine's root.

#include <fcntl.h>
#include <linux/in.h>
#include <linux/netlink.h>
#include <linux/personality.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "context/guest_calls.hpp"
#include "context/guest_profile.hpp"
#include "sys/call.hpp"
#include "sys/seccomp.hpp"

namespace {

using namespace vs;

struct Options {
    context::FilterOptions filter{.user_namespaces = true, .firewall = false, .network_view = false};
    bool load = false;
};

/// What one child met: the errno (0 for success), or how it ended without coming back from the call.
struct Answer {
    int errno_value = -1;
    std::string ending;
    [[nodiscard]] std::string text() const {
        if (!ending.empty()) return ending;
        return errno_value == 0 ? "ok" : sys::errno_name(errno_value);
    }
};

struct Call {
    long number;
    std::array<unsigned long, 6> arguments;
};

long make(const Call& call) {
    const auto& a = call.arguments;
    return ::syscall(call.number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#ifdef __x86_64__
/// The i386 entry: another architecture's numbers.
long make_i386(const Call& call) {
    long result = call.number;
    __asm__ volatile("int $0x80" : "+a"(result) : "b"(call.arguments[0]) : "memory", "r8", "r9", "r10", "r11");
    if (result >= 0) return result;
    errno = static_cast<int>(-result);
    return -1;
}
#endif

/// The child: reports through `pipe`. A call that waits is ended by the timer, one that returns twice reports once.
[[noreturn]] void try_in_child(long (*entry)(const Call&), const Call& call, int pipe) {
    const itimerval limit{{}, {0, 200'000}};
    ::setitimer(ITIMER_REAL, &limit, nullptr);
    const pid_t self = ::getpid();
    const int errno_value = entry(call) < 0 ? errno : 0;
    if (::getpid() == self && ::write(pipe, &errno_value, sizeof errno_value) < 0) ::_exit(1);
    ::_exit(0);
}

std::string ending_of(int status) {
    if (WIFEXITED(status)) return "exited";
    if (WIFSTOPPED(status)) return "stopped";
    return WTERMSIG(status) == SIGALRM ? "waited" : "signal " + std::to_string(WTERMSIG(status));
}

Answer ask(long (*entry)(const Call&), const Call& call) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) std::abort();
    const pid_t child = ::fork();
    if (child == 0) try_in_child(entry, call, ends[1]);
    ::close(ends[1]);
    Answer answer;
    int status = 0;
    ::waitpid(child, &status, 0);
    if (WIFSTOPPED(status)) ::kill(child, SIGKILL), ::waitpid(child, nullptr, 0);  // it asked to be traced
    // A process that the call left behind may still hold the pipe: do not wait for it.
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    if (::read(ends[0], &answer.errno_value, sizeof answer.errno_value) <= 0) answer.ending = ending_of(status);
    ::close(ends[0]);
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {}  // clone(CLONE_PARENT)
    return answer;
}

struct Row {
    std::string_view name = "-";
    int expected = ENOSYS;  ///< 0: allowed, so that any answer of the kernel may come
};

std::map<long, Row> expected_rows(const Options& options) {
    std::map<long, Row> rows;
    for (const auto& call : context::allowed_calls()) rows[call.number] = {call.name, 0};
    for (const auto& call : context::refused_calls()) rows[call.number] = {call.name, call.errno_value};
    if (!options.filter.user_namespaces) rows[SYS_clone3].expected = ENOSYS;
#ifdef __x86_64__
    // The trampolines of the kernel's own probes: Linux 6.14 and 6.18 let them past every filter. Called by hand they do nothing.
    rows[335] = {"uretprobe", 0};
    rows[336] = {"uprobe", 0};
#endif
    return rows;
}

/// Returns how many answers were wrong.
int walk_number(long number, const Row& row, unsigned long page) {
    std::string answers;
    int wrong = 0;
    for (unsigned long value : {0UL, ~0UL, page}) {
        const Answer answer = ask(make, {number, {value, value, value, value, value, value}});
        answers += ' ' + answer.text();
        if (row.expected != 0 && answer.errno_value != row.expected) ++wrong;
    }
    const std::string expected = row.expected == 0 ? "allowed" : sys::errno_name(row.expected);
    std::printf("%ld %.*s %s:%s%s\n", number, static_cast<int>(row.name.size()), row.name.data(), expected.c_str(), answers.c_str(),
                wrong != 0 ? " WRONG" : "");
    return wrong;
}

int walk_numbers(const Options& options) {
    constexpr long kLast = 600;
    constexpr std::size_t kPage = 4096;
    void* page = ::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const auto rows = expected_rows(options);
    int wrong = 0;
    for (long number = 0; number <= kLast; ++number) {
        const auto row = rows.find(number);
        const Row expected = row == rows.end() ? Row{} : row->second;
        if (options.load && expected.expected == 0) continue;
        std::fflush(stdout);
        wrong += walk_number(number, expected, reinterpret_cast<unsigned long>(page));
    }
    return wrong;
}

struct ArgumentCase {
    std::string_view what;
    Call call;
    int expected;
    long (*entry)(const Call&) = make;
};

constexpr unsigned long kHigh = 1UL << 32, kPacketType = 10, kTables = 64, kTipc = 30;

constexpr auto kCasesOfAll = std::to_array<ArgumentCase>({
    {"socket unix", {SYS_socket, {AF_UNIX, SOCK_STREAM}}, 0},
    {"socket inet tcp", {SYS_socket, {AF_INET, SOCK_STREAM, IPPROTO_TCP}}, 0},
    {"socket alg (X21)", {SYS_socket, {AF_ALG, SOCK_SEQPACKET}}, EAFNOSUPPORT},
    {"socket alg, high bit", {SYS_socket, {kHigh | AF_ALG, SOCK_SEQPACKET}}, EAFNOSUPPORT},
    {"socket vsock", {SYS_socket, {AF_VSOCK, SOCK_STREAM}}, EAFNOSUPPORT},
    {"socket packet", {SYS_socket, {AF_PACKET, SOCK_RAW, 0x300}}, EAFNOSUPPORT},
    {"socket packet, the old way", {SYS_socket, {AF_INET, kPacketType, 0x300}}, EPROTONOSUPPORT},
    {"socket sctp", {SYS_socket, {AF_INET, SOCK_STREAM, IPPROTO_SCTP}}, EPROTONOSUPPORT},
    {"socketpair tipc", {SYS_socketpair, {kTipc, SOCK_STREAM}}, EAFNOSUPPORT},
    {"socket netlink route", {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_ROUTE}}, 0},
    {"socket netlink xfrm", {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_XFRM}}, EPROTONOSUPPORT},
    {"setsockopt ipsec policy", {SYS_setsockopt, {0, IPPROTO_IP, IP_XFRM_POLICY}}, ENOPROTOOPT},
    {"ioctl TIOCSTI (X4)", {SYS_ioctl, {0, TIOCSTI}}, EPERM},
    {"ioctl TIOCSTI, high bit", {SYS_ioctl, {0, kHigh | TIOCSTI}}, EPERM},
    {"ioctl TIOCLINUX", {SYS_ioctl, {0, TIOCLINUX}}, EPERM},
    {"ioctl TIOCSETD", {SYS_ioctl, {0, TIOCSETD}}, EPERM},
    {"personality READ_IMPLIES_EXEC", {SYS_personality, {READ_IMPLIES_EXEC}}, EPERM},
    {"personality of setarch -R", {SYS_personality, {ADDR_NO_RANDOMIZE}}, 0},
    {"a number of x32", {0x40000000 | SYS_getpid, {}}, ENOSYS},
#ifdef __x86_64__
    {"getpid of i386", {20, {}}, ENOSYS, make_i386},
#endif
});
constexpr auto kCasesWithoutUserNamespaces = std::to_array<ArgumentCase>({
    {"unshare a user namespace (X22)", {SYS_unshare, {CLONE_NEWUSER}}, EPERM},
    {"clone a user namespace (X22)", {SYS_clone, {CLONE_NEWUSER | SIGCHLD}}, EPERM},
});
constexpr auto kCasesWithoutFirewall = std::to_array<ArgumentCase>({
    {"socket netlink netfilter", {SYS_socket, {AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}}, EPROTONOSUPPORT},
    {"setsockopt IPT_SO_SET_REPLACE", {SYS_setsockopt, {0, IPPROTO_IP, kTables}}, ENOPROTOOPT},
    {"setsockopt IP6T_SO_SET_REPLACE", {SYS_setsockopt, {0, IPPROTO_IPV6, kTables}}, ENOPROTOOPT},
});

int walk_arguments(std::span<const ArgumentCase> cases) {
    int wrong = 0;
    for (const auto& [what, call, expected, entry] : cases) {
        std::fflush(stdout);
        const Answer answer = ask(entry, call);
        // A kernel without 32-bit support ends int 0x80 by a signal, which is refusal enough.
        const bool right = answer.errno_value == expected || (entry != make && !answer.ending.empty());
        if (!right) ++wrong;
        std::printf("%.*s: %s%s\n", static_cast<int>(what.size()), what.data(), answer.text().c_str(), right ? "" : " WRONG");
    }
    return wrong;
}

/// In a user namespace of our own, so that no privilege is needed.
bool load(context::FilterOptions options) {
    if (::unshare(CLONE_NEWUSER) < 0) {
        std::perror("seccomp_walk: this machine refuses a user namespace");
        return false;
    }
    const auto program = context::guest_filter(options);
    const int result = sys::load_filter_raw(program.data(), program.size());
    if (result < 0) std::fprintf(stderr, "seccomp_walk: load the filter: %s\n", sys::errno_name(-result).c_str());
    return result == 0;
}

/// Whether root here is another user of the machine, as in every server.
bool root_is_mapped_away() {
    std::FILE* map = std::fopen("/proc/self/uid_map", "re");
    if (map == nullptr) return false;
    unsigned inside = 0, outside = 0;
    const bool read = std::fscanf(map, "%u %u", &inside, &outside) == 2;
    std::fclose(map);
    return read && inside == 0 && outside != 0;
}

/// Descriptor 0, which a call with 0 in its arguments acts on, becomes an empty file that nobody else has.
bool isolate_standard_input() {
    const int own = ::memfd_create("seccomp_walk", 0);
    if (own <= STDIN_FILENO) return own == STDIN_FILENO;
    return ::dup2(own, STDIN_FILENO) == STDIN_FILENO && ::close(own) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    for (const std::string_view argument : std::vector<std::string_view>(argv + 1, argv + argc)) {
        if (argument == "--load") options.load = true;
        else if (argument == "--no-userns") options.filter.user_namespaces = false;
        else if (argument == "--firewall") options.filter.firewall = true;
        else return std::fprintf(stderr, "usage: seccomp_walk [--load] [--no-userns] [--firewall]\n"), 2;
    }
    if (!isolate_standard_input()) return std::perror("seccomp_walk: standard input"), 2;
    if (!options.load && !root_is_mapped_away())
        return std::fprintf(stderr, "seccomp_walk: root is the machine's root here: only with --load\n"), 2;
    constexpr int kSkip = 77;
    if (options.load && !load(options.filter)) return kSkip;
    int wrong = walk_numbers(options) + walk_arguments(kCasesOfAll);
    if (!options.filter.user_namespaces) wrong += walk_arguments(kCasesWithoutUserNamespaces);
    if (!options.filter.firewall) wrong += walk_arguments(kCasesWithoutFirewall);
    std::printf("%d wrong\n", wrong);
    return wrong == 0 ? 0 : 1;
}
