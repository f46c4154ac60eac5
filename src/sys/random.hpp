#pragma once
// Randomness of the kernel (getrandom(2)).

#include <cstddef>
#include <string>

#include "base/result.hpp"

namespace vs::sys {

/// `count` bytes, at most 256.
Result<std::string> random_bytes(std::size_t count);
/// Twice as many hexadecimal digits.
Result<std::string> random_hex(std::size_t count);

}  // namespace vs::sys
