#include "context/guest_calls.hpp"

#include <algorithm>
#include <utility>

#include "context/guest_call_table.hpp"

namespace vs::context {

namespace {

consteval bool every_number_stands_once() {
    std::array<bool, 512> seen{};
    const auto is_new = [&seen](const auto& call) { return !std::exchange(seen[call.number], true); };
    return std::ranges::all_of(kAllowedCalls, is_new) && std::ranges::all_of(kRefusedCalls, is_new);
}
static_assert(every_number_stands_once(), "a call is in the table twice, maybe allowed and refused");

}  // namespace

std::span<const AllowedCall> allowed_calls() noexcept { return kAllowedCalls; }
std::span<const RefusedCall> refused_calls() noexcept { return kRefusedCalls; }

}  // namespace vs::context
