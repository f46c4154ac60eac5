#include "programs/unpack_filter.hpp"

#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

namespace vs::programs {

namespace {

using context::CallRange;
using context::Label;

// Writing below a directory, memory for decompressors, and an end. No open by path but openat2's, no network, no process.
constexpr std::uint32_t kAllowed[] = {
    SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_close, SYS_fstat, SYS_newfstatat, SYS_openat2,
    SYS_ftruncate, SYS_fchmod, SYS_fchown, SYS_fchmodat, SYS_fchownat, SYS_utimensat, SYS_fsetxattr, SYS_fgetxattr,
    SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_unlinkat, SYS_copy_file_range, SYS_ioctl,
    SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise, SYS_mprotect, SYS_futex, SYS_getrandom,
    SYS_rt_sigreturn, SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_restart_syscall, SYS_clock_gettime, SYS_gettimeofday,
    SYS_getpid, SYS_gettid, SYS_tgkill, SYS_exit, SYS_exit_group,
};

constexpr auto sorted_calls() {
    std::array<std::uint32_t, std::size(kAllowed)> calls{};
    std::copy(std::begin(kAllowed), std::end(kAllowed), calls.begin());
    std::sort(calls.begin(), calls.end());
    return calls;
}

/// Ranges that alternate between refused and allowed.
struct Ranges {
    std::array<CallRange, 2 * std::size(kAllowed) + 1> items{};
    std::size_t count = 0;

    constexpr void add(std::uint32_t first, Label target) {
        if (count > 0 && items[count - 1].first == first) --count;  // the range before it was empty
        if (count > 0 && items[count - 1].target == target) return;
        items[count++] = {first, target};
    }
};

constexpr context::FilterProgram assemble() {
    context::FilterAssembler assembler;
    Label allowed = assembler.make_label();
    Label refused = assembler.make_label();
    Label native = assembler.make_label();
    assembler.load_architecture();
    assembler.if_equal(context::kNativeArchitecture, native, refused);
    assembler.place(native);
    assembler.load_number();
    Ranges ranges;
    ranges.add(0, refused);
    for (auto call : sorted_calls()) {
        ranges.add(call, allowed);
        ranges.add(call + 1, refused);
    }
    context::add_range_tree(assembler, std::span(ranges.items).first(ranges.count));
    assembler.place(refused);
    assembler.refuse(EPERM);
    assembler.place(allowed);
    assembler.allow();
    return assembler.finish();
}

constexpr context::FilterProgram kFilter = assemble();

}  // namespace

const context::FilterProgram& unpack_filter() { return kFilter; }

}  // namespace vs::programs
