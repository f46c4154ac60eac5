#pragma once
// Text that people and files give us: parsed strictly, printed safely. No locale, no exceptions, no allocation surprises.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vs::base {

/// A whole decimal number and nothing else: no sign, no blank, no leading "+", no overflow.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Bytes with an optional suffix of 1024: "512M", "2G", "4096". Suffixes K M G T, either case, no fraction.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// "30s", "5m", "2h", "100ms"; a bare number is seconds.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Bytes as a person reads them: "1.5G", "512M", "0".
std::string format_size(std::uint64_t bytes);

/// Replaces control bytes, DEL and C1 controls by visible escapes, so that a guest's text can neither move the cursor nor
/// rewrite a report (CVE-2025-54389 is what happens otherwise). Valid UTF-8 above U+009F stays.
std::string escape_control(std::string_view text);

/// Splits at every separator; empty pieces are kept.
std::vector<std::string_view> split(std::string_view text, char separator);

/// Without blanks and newlines at both ends.
std::string_view trim(std::string_view text);

/// Without newlines at the end.
std::string_view trim_end(std::string_view text);

/// The candidate nearest to `word` by edit distance, if it is near enough to be a typing error.
std::optional<std::string_view> nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace vs::base
