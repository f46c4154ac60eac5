#pragma once
// Base64 of RFC 4648, section 4, with padding. Reading is strict: each value has exactly one spelling. Freestanding.

#include <cstdint>
#include <span>
#include <string_view>

namespace vs::log {

/// Characters for `size` bytes.
constexpr std::size_t base64_size(std::size_t size) { return (size + 2) / 3 * 4; }
/// `to` has base64_size() characters; no zero is added.
void write_base64(std::span<const std::uint8_t> bytes, char* to);
/// Fills all of `to`, or says that the text is not that.
bool read_base64(std::string_view text, std::span<std::uint8_t> to);

}  // namespace vs::log
