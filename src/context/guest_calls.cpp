#include "context/guest_calls.hpp"

#include "context/guest_call_table.hpp"

namespace vs::context {

std::span<const AllowedCall> allowed_calls() noexcept { return kAllowedCalls; }
std::span<const RefusedCall> refused_calls() noexcept { return kRefusedCalls; }

}  // namespace vs::context
