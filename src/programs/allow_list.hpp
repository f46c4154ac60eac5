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

template <std::size_t N>
constexpr context::FilterProgram allow_only(const std::uint32_t (&allowed_calls)[N]) {
    std::array<std::uint32_t, N> calls{};
    std::copy(std::begin(allowed_calls), std::end(allowed_calls), calls.begin());
    std::sort(calls.begin(), calls.end());
    context::FilterAssembler assembler;
    auto allowed = assembler.make_label(), refused = assembler.make_label(), native = assembler.make_label();
    assembler.load_architecture();
    assembler.if_equal(context::kNativeArchitecture, native, refused);
    assembler.place(native);
    assembler.load_number();
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

}  // namespace vs::programs
