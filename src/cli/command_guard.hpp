#pragma once
// What the commands that watch servers from outside have in common.

#include "cli/parse.hpp"

namespace vs::cli {

/// The value of --budget in bytes. Precondition: it was given.
Result<std::uint64_t> budget_of(const Invocation& line);

}  // namespace vs::cli
