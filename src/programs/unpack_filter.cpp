#include "programs/unpack_filter.hpp"

#include <asm/unistd.h>

#include <algorithm>
#include <cerrno>

namespace vs::programs {

namespace {

using context::CallRange;
using context::Label;

// Writing below a directory, memory for decompressors, and an end. No open by path but openat2's, no network, no process.
constexpr std::uint32_t kAllowed[] = {
    __NR_read, __NR_write, __NR_pread64, __NR_pwrite64, __NR_lseek, __NR_close, __NR_fstat, __NR_newfstatat, __NR_openat2,
    __NR_ftruncate, __NR_fchmod, __NR_fchown, __NR_fchmodat, __NR_fchownat, __NR_utimensat, __NR_fsetxattr, __NR_fgetxattr,
    __NR_mkdirat, __NR_mknodat, __NR_symlinkat, __NR_unlinkat, __NR_copy_file_range, __NR_ioctl,
    __NR_brk, __NR_mmap, __NR_munmap, __NR_mremap, __NR_madvise, __NR_mprotect, __NR_futex, __NR_getrandom,
    __NR_rt_sigreturn, __NR_rt_sigaction, __NR_rt_sigprocmask, __NR_restart_syscall, __NR_clock_gettime, __NR_gettimeofday,
    __NR_getpid, __NR_gettid, __NR_tgkill, __NR_exit, __NR_exit_group,
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
