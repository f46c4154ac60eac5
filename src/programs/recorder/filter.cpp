// Part of a freestanding program: see recorder.cpp.

#include "programs/recorder/filter.hpp"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>
#include <cstdint>

#include "programs/recorder/connections.hpp"
#include "server/keeper_protocol.hpp"

namespace vs::recorder {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "this architecture has no AUDIT_ARCH here yet"
#endif

constexpr int kAny = -1;

/// A call that is allowed when its first argument is one of these descriptors. The kernel takes 32 bits of a descriptor, so do we.
struct Rule {
    std::uint32_t call;
    int first;
    int last = first;
};
// Paths need no check: the directory is our root (confine.cpp), so no path leads out of it.
constexpr std::array kRules{
    Rule{SYS_ppoll, kAny},
    Rule{SYS_read, keeper::kConsole},
    Rule{SYS_writev, kRecordsDescriptor},
    Rule{SYS_write, kChainDescriptor, kNotesDescriptor},
    Rule{SYS_pwrite64, kSealDescriptor},
    Rule{SYS_pread64, kSealDescriptor},
    Rule{SYS_pread64, kRecordsDescriptor},
    Rule{SYS_fdatasync, kSealDescriptor, kNotesDescriptor},
    Rule{SYS_fsync, keeper::kLogDir},
    Rule{SYS_ftruncate, kChainDescriptor, kNotesDescriptor},
    Rule{SYS_fallocate, kChainDescriptor, kLastConnection},
    Rule{SYS_lseek, kChainDescriptor, kNotesDescriptor},
    Rule{SYS_close, kSealDescriptor, kNotesDescriptor},
    Rule{SYS_setsockopt, keeper::kLogSocket, keeper::kNoteSocket},
    Rule{SYS_recvmmsg, keeper::kLogSocket, keeper::kNoteSocket},
    Rule{SYS_recvmsg, keeper::kKeptOut},
    Rule{SYS_recvfrom, keeper::kKeptOut},
    Rule{SYS_recvfrom, kFirstConnection, kLastConnection},
    Rule{SYS_sendmsg, keeper::kKeptIn},
    Rule{SYS_sendto, keeper::kKeptIn},
    Rule{SYS_accept4, keeper::kStreamSocket},
    Rule{SYS_getsockopt, keeper::kLogSocket},
    Rule{SYS_setitimer, kAny},
    Rule{SYS_getsockopt, kFirstConnection, kLastConnection},
    Rule{SYS_newfstatat, kFirstConnection, kLastConnection},
    Rule{SYS_fcntl, kRecordsDescriptor, kLastConnection},
    Rule{SYS_close, kFirstConnection, kLastConnection},
    Rule{SYS_getpid, kAny},
    Rule{SYS_openat, keeper::kLogDir},
    Rule{SYS_unlinkat, keeper::kLogDir},
    Rule{SYS_clock_gettime, kAny},  // where the machine's clock cannot be read without the kernel
    Rule{SYS_rt_sigreturn, kAny},
    Rule{SYS_restart_syscall, kAny},
    Rule{SYS_exit_group, kAny},
};

constexpr std::uint32_t kLowHalf = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 0 : 4;

consteval auto assemble() {
    constexpr std::size_t kMost = 4 + kRules.size() * 6 + 1;
    std::array<sock_filter, kMost> code{};
    std::size_t end = 0;
    auto add = [&](sock_filter instruction) { code[end++] = instruction; };
    auto load = [](std::size_t offset) {
        return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
    };
    auto skip_unless = [](std::uint32_t value, std::uint8_t count) {
        return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, count);
    };
    constexpr sock_filter kAllow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    constexpr sock_filter kKill = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);

    add(load(offsetof(seccomp_data, arch)));
    add(sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
    add(kKill);
    add(load(offsetof(seccomp_data, nr)));
    for (const auto& rule : kRules) {
        const bool checked = rule.first != kAny;
        add(skip_unless(rule.call, checked ? 5 : 1));
        if (checked) add(load(offsetof(seccomp_data, args) + kLowHalf));
        if (checked) add(sock_filter BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, static_cast<std::uint32_t>(rule.first), 0, 2));
        if (checked) add(sock_filter BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, static_cast<std::uint32_t>(rule.last), 1, 0));
        add(kAllow);
        if (checked) add(load(offsetof(seccomp_data, nr)));  // another rule may be about the same call
    }
    add(kKill);
    return std::pair(code, end);
}
constexpr auto kProgram = assemble();

}  // namespace

bool install_filter() {
    sock_fprog program{.len = static_cast<unsigned short>(kProgram.second),
                       .filter = const_cast<sock_filter*>(kProgram.first.data())};  // only read (seccomp(2))
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

}  // namespace vs::recorder
