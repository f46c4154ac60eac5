#pragma once
// A seccomp filter that allows the calls of a list, native ones only, and answers EPERM to every other.

#include <algorithm>
#include <cerrno>

#include "context/filter.hpp"

namespace vs::programs {

namespace detail {

/// Ranges that alternate between refused and allowed.
template <std::size_t N>
struct Ranges {
    std::array<context::CallRange, 2 * N + 1> items{};
    std::size_t count = 0;

    constexpr void add(std::uint32_t first, context::Label target) {
        if (count > 0 && items[count - 1].first == first) --count;  // the range before it was empty
        if (count > 0 && items[count - 1].target == target) return;
        items[count++] = {first, target};
    }
};

}  // namespace detail

/// A call that is allowed with one value of one argument (an int) and no other.
struct ExactCall {
    std::uint32_t call = 0;
    std::size_t argument = 0;
    std::uint32_t value = 0;
};

template <std::size_t N, std::size_t M>
constexpr context::FilterProgram allow_only(const std::uint32_t (&allowed_calls)[N], const std::array<ExactCall, M>& exact_calls) {
    std::array<std::uint32_t, N> calls{};
    std::copy(std::begin(allowed_calls), std::end(allowed_calls), calls.begin());
    std::sort(calls.begin(), calls.end());
    context::FilterAssembler assembler;
    auto allowed = assembler.make_label(), refused = assembler.make_label(), native = assembler.make_label();
    assembler.load_architecture();
    assembler.if_equal(context::kNativeArchitecture, native, refused);
    assembler.place(native);
    assembler.load_number();
    for (const auto& exact : exact_calls) {
        auto other = assembler.make_label();
        assembler.if_equal(exact.call, context::Label::next, other);
        assembler.load_low_word(exact.argument);
        assembler.if_equal(exact.value, allowed, refused);
        assembler.place(other);
    }
    detail::Ranges<N> ranges;
    ranges.add(0, refused);
    for (auto call : calls) {
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

template <std::size_t N>
constexpr context::FilterProgram allow_only(const std::uint32_t (&allowed_calls)[N]) {
    return allow_only(allowed_calls, std::array<ExactCall, 0>{});
}

}  // namespace vs::programs
