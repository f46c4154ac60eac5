#include "context/filter.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "context/filter_evaluator.hpp"

namespace vs::context {
namespace {

constexpr seccomp_data call(std::uint32_t number, std::uint64_t first = 0) {
    return {static_cast<int>(number), kNativeArchitecture, 0, {first, 0, 0, 0, 0, 0}};
}

std::uint32_t answer(const FilterProgram& program, const seccomp_data& data) {
    const auto result = evaluate(program.span(), data);
    EXPECT_TRUE(result.has_value()) << "the program gives no answer";
    return result ? result->action : SECCOMP_RET_KILL_PROCESS;
}

constexpr std::uint32_t refused(int errno_value) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(errno_value); }

// Ranges of the given lengths that take turns between three answers.
FilterProgram program_of(const std::vector<std::uint32_t>& lengths) {
    FilterAssembler assembler;
    const Label answers[] = {assembler.make_label(), assembler.make_label(), assembler.make_label()};
    std::vector<CallRange> ranges;
    std::uint32_t first = 0;
    for (auto length : lengths) {
        ranges.push_back({first, answers[ranges.size() % 3]});
        first += length;
    }
    assembler.load_number();
    add_range_tree(assembler, ranges);
    for (int n = 0; n < 3; ++n) assembler.place(answers[n]), assembler.refuse(n + 1);
    return assembler.finish();
}

int expected(const std::vector<std::uint32_t>& lengths, std::uint32_t number) {
    std::uint32_t end = 0;
    for (std::size_t range = 0; range < lengths.size(); ++range)
        if (number < (end += lengths[range])) return static_cast<int>(range % 3) + 1;
    return static_cast<int>((lengths.size() - 1) % 3) + 1;
}

TEST(RangeTree, decides_as_a_list_would) {
    for (std::size_t count = 1; count <= 70; ++count) {
        std::vector<std::uint32_t> lengths;
        for (std::size_t i = 0; i < count; ++i) lengths.push_back(static_cast<std::uint32_t>(1 + i * 7 % 5));
        const auto program = program_of(lengths);
        for (std::uint32_t number = 0; number < 5 * count + 10; ++number)
            ASSERT_EQ(answer(program, call(number)), refused(expected(lengths, number))) << count << " ranges, call " << number;
        ASSERT_EQ(answer(program, call(~0U)), refused(expected(lengths, ~0U)));
    }
}

TEST(RangeTree, is_balanced) {
    const auto program = program_of(std::vector<std::uint32_t>(64, 3));
    for (std::uint32_t number = 0; number < 200; ++number)
        EXPECT_LE(evaluate(program.span(), call(number))->steps, 1U + 6U + 1U) << number;  // load, six comparisons, answer
}

TEST(FilterAssembler, resolves_conditions_and_jumps) {
    FilterAssembler assembler;
    const Label yes = assembler.make_label(), no = assembler.make_label();
    assembler.load_low_word(0);
    assembler.mask(0xf0);
    assembler.if_equal(0x30, yes);
    assembler.if_any_bit(0x40, yes);
    assembler.go(no);
    assembler.place(yes), assembler.allow();
    assembler.place(no), assembler.refuse(7);
    const auto program = assembler.finish();
    EXPECT_EQ(answer(program, call(0, 0x3f)), SECCOMP_RET_ALLOW);
    EXPECT_EQ(answer(program, call(0, 0xc0)), SECCOMP_RET_ALLOW);
    EXPECT_EQ(answer(program, call(0, 0x8f)), refused(7));
    EXPECT_EQ(answer(program, call(0, 0x5500000030)), SECCOMP_RET_ALLOW) << "only the low word counts";
}

TEST(FilterEvaluator, gives_no_answer_to_a_broken_program) {
    const std::vector<sock_filter> off_the_end{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 0}};
    const std::vector<sock_filter> jumps_out{{BPF_JMP | BPF_JA, 0, 0, 5}, {BPF_RET | BPF_K, 0, 0, 0}};
    const std::vector<sock_filter> reads_outside{{BPF_LD | BPF_W | BPF_ABS, 0, 0, 64}, {BPF_RET | BPF_K, 0, 0, 0}};
    const std::vector<sock_filter> unknown{{BPF_MISC | BPF_TAX, 0, 0, 0}, {BPF_RET | BPF_K, 0, 0, 0}};
    for (const auto& program : {off_the_end, jumps_out, reads_outside, unknown}) EXPECT_FALSE(evaluate(program, call(0)));
}

}  // namespace
}  // namespace vs::context
