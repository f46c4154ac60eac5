#pragma once
// For tests: runs a seccomp filter on the data of one call, as the kernel's interpreter would, so that policies are tested as
// data. Knows the instructions that FilterAssembler makes; anything else, a jump out of the program or running off its end
// is no answer.

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <bit>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace vs::context {

struct Evaluation {
    std::uint32_t action = 0;  ///< SECCOMP_RET_*
    std::size_t steps = 0;     ///< instructions run
    friend constexpr bool operator==(const Evaluation&, const Evaluation&) = default;
};

constexpr std::optional<bool> condition_holds(std::uint16_t code, std::uint32_t accumulator, std::uint32_t k) {
    switch (code) {
        case BPF_JMP | BPF_JEQ | BPF_K: return accumulator == k;
        case BPF_JMP | BPF_JGE | BPF_K: return accumulator >= k;
        case BPF_JMP | BPF_JSET | BPF_K: return (accumulator & k) != 0;
        default: return std::nullopt;
    }
}

constexpr std::optional<Evaluation> evaluate(std::span<const sock_filter> program, const seccomp_data& data) {
    const auto words = std::bit_cast<std::array<std::uint32_t, sizeof(seccomp_data) / 4>>(data);
    std::uint32_t accumulator = 0;
    std::size_t steps = 0;
    for (std::size_t at = 0; at < program.size(); ++at) {
        const auto& [code, jt, jf, k] = program[at];
        ++steps;
        if (code == (BPF_RET | BPF_K)) return Evaluation{k, steps};
        if (code == (BPF_LD | BPF_W | BPF_ABS)) {
            if (k % 4 != 0 || k / 4 >= words.size()) return std::nullopt;
            accumulator = words[k / 4];
        } else if (code == (BPF_ALU | BPF_AND | BPF_K)) {
            accumulator &= k;
        } else if (code == (BPF_JMP | BPF_JA)) {
            at += k;
        } else {
            const auto holds = condition_holds(code, accumulator, k);
            if (!holds) return std::nullopt;
            at += *holds ? jt : jf;
        }
    }
    return std::nullopt;
}

}  // namespace vs::context
