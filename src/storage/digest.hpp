#pragma once
// SHA-256.

#include <string>
#include <string_view>

namespace vs::storage {

/// 64 hexadecimal digits.
std::string sha256_hex(std::string_view data);

}  // namespace vs::storage
