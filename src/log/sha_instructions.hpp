#pragma once
// SHA-256 by the instructions that processors have for it: five times as fast as libsodium's portable code, and a record costs six
// blocks of it. Freestanding.

#include <span>
#include <string_view>

#include "log/hash.hpp"

namespace vs::log {

/// Of this processor; false on architectures for which nobody has written it.
bool has_sha_instructions();
/// Of the parts as one. Precondition: has_sha_instructions().
Hash sha256_by_instructions(std::span<const std::string_view> parts);

}  // namespace vs::log
