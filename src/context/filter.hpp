#pragma once
// A small assembler for seccomp filters (classic BPF over struct seccomp_data), run at compile time.
//
// Call numbers are decided by a balanced tree of "greater or equal" over ranges of equal answers. The kernel runs a filter
// once for every call number when it is loaded (it caches what is always allowed), so its depth is what loading costs:
// a tree over ranges takes a fifth of the time of a list (docs/decisions/seccomp.md has the numbers).
//
// Everything is constexpr and bounded; a mistake (a program too long, a jump too far or backwards, a label that was never
// placed) is a compile error, not a weak filter.

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vs::context {

#if defined(__x86_64__)
inline constexpr std::uint32_t kNativeArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
inline constexpr std::uint32_t kNativeArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "no seccomp filter for this architecture: add its AUDIT_ARCH_* value"
#endif
static_assert(std::endian::native == std::endian::little, "low_word() knows little-endian only");

/// A finished program: the first `length` instructions count.
struct FilterProgram {
    static constexpr std::size_t kMost = 192;
    std::array<sock_filter, kMost> code{};
    std::size_t length = 0;
    [[nodiscard]] constexpr std::span<const sock_filter> span() const { return {code.data(), length}; }
};

/// A place in the program that a jump can name before it is known.
enum class Label : std::uint8_t { next };  ///< next: the instruction after the jump

class FilterAssembler {
  public:
    constexpr Label make_label() {
        if (labels_ + 1 >= kLabels) throw "too many labels";
        return static_cast<Label>(++labels_);
    }
    /// The label stands for the instruction that is added next.
    constexpr void place(Label label) { positions_[index(label)] = length_; }

    constexpr void load_architecture() { load(offsetof(seccomp_data, arch)); }
    constexpr void load_number() { load(offsetof(seccomp_data, nr)); }
    /// The low 32 bits of an argument: all that the kernel looks at where the parameter is an int.
    constexpr void load_low_word(std::size_t argument) { load(offsetof(seccomp_data, args) + 8 * argument); }
    constexpr void load_high_word(std::size_t argument) { load(offsetof(seccomp_data, args) + 8 * argument + 4); }
    constexpr void mask(std::uint32_t bits) { add({BPF_ALU | BPF_AND | BPF_K, 0, 0, bits}); }

    constexpr void if_equal(std::uint32_t value, Label yes, Label no = Label::next) { jump(BPF_JEQ, value, yes, no); }
    constexpr void if_at_least(std::uint32_t value, Label yes, Label no = Label::next) { jump(BPF_JGE, value, yes, no); }
    constexpr void if_any_bit(std::uint32_t bits, Label yes, Label no = Label::next) { jump(BPF_JSET, bits, yes, no); }
    constexpr void go(Label target) { jump(BPF_JA, 0, target, target); }

    constexpr void allow() { add({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW}); }
    constexpr void notify() { add({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF}); }
    constexpr void refuse(int errno_value) {
        add({BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(errno_value)});
    }

    /// Resolves every jump.
    [[nodiscard]] constexpr FilterProgram finish() const;

  private:
    static constexpr std::size_t kLabels = 128;
    static constexpr std::size_t kNowhere = ~std::size_t{0};
    static constexpr std::size_t index(Label label) { return static_cast<std::size_t>(label); }

    constexpr void load(std::size_t offset) { add({BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<std::uint32_t>(offset)}); }
    constexpr void jump(unsigned condition, std::uint32_t value, Label yes, Label no) {
        targets_[length_] = {yes, no};
        add({static_cast<std::uint16_t>(BPF_JMP | BPF_K | condition), 0, 0, value});
    }
    constexpr void add(sock_filter instruction) {
        if (length_ >= FilterProgram::kMost) throw "the filter is too long";
        code_[length_++] = instruction;
    }
    [[nodiscard]] constexpr std::uint8_t distance(std::size_t from, Label to) const {
        if (to == Label::next) return 0;
        const std::size_t target = positions_[index(to)];
        if (target == kNowhere || target <= from || target >= length_ || target - from > 256) throw "a jump leads nowhere";
        return static_cast<std::uint8_t>(target - from - 1);
    }
    static constexpr std::array<std::size_t, kLabels> nowhere() {
        std::array<std::size_t, kLabels> all{};
        all.fill(kNowhere);
        return all;
    }

    struct Targets {
        Label yes = Label::next, no = Label::next;
    };
    std::array<sock_filter, FilterProgram::kMost> code_{};
    std::array<Targets, FilterProgram::kMost> targets_{};
    std::array<std::size_t, kLabels> positions_ = nowhere();
    std::size_t length_ = 0;
    std::size_t labels_ = 0;
};

constexpr FilterProgram FilterAssembler::finish() const {
    FilterProgram program{code_, length_};
    for (std::size_t at = 0; at < length_; ++at) {
        sock_filter& instruction = program.code[at];
        if ((instruction.code & 0x07) != BPF_JMP) continue;
        const std::uint8_t yes = distance(at, targets_[at].yes);
        if ((instruction.code & 0xf0) == BPF_JA) {
            instruction.k = yes;
        } else {
            instruction.jt = yes;
            instruction.jf = distance(at, targets_[at].no);
        }
    }
    return program;
}

/// Where a range of call numbers is decided: from `first` up to the next range's.
struct CallRange {
    std::uint32_t first = 0;
    Label target = Label::next;
};

/// Adds the tree that sends the loaded call number to its range's target. Precondition: sorted, the first starts at 0,
/// every target is a label (falling through is no answer).
constexpr void add_range_tree(FilterAssembler& assembler, std::span<const CallRange> ranges) {
    if (ranges.size() == 1) return assembler.go(ranges.front().target);
    const std::size_t middle = ranges.size() / 2;
    const auto low = ranges.first(middle), high = ranges.subspan(middle);
    const Label above = high.size() == 1 ? high.front().target : assembler.make_label();
    assembler.if_at_least(high.front().first, above, low.size() == 1 ? low.front().target : Label::next);
    if (low.size() > 1) add_range_tree(assembler, low);
    if (high.size() == 1) return;
    assembler.place(above);
    add_range_tree(assembler, high);
}

}  // namespace vs::context
