#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>

namespace vs::base {

namespace {

struct Suffix {
    std::string_view text;
    std::uint64_t factor;
};

template <std::size_t N>
std::optional<std::uint64_t> parse_scaled(std::string_view text, const Suffix (&suffixes)[N]) {
    std::uint64_t factor = 1;
    for (const auto& suffix : suffixes) {
        if (!text.ends_with(suffix.text)) continue;
        text.remove_suffix(suffix.text.size());
        factor = suffix.factor;
        break;
    }
    auto number = parse_number(text);
    if (!number || *number > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return *number * factor;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
        }
    }
    return row.back();
}

/// The length of the valid UTF-8 sequence of two or more bytes at the start of `text`, or 0.
std::size_t utf8_length(std::string_view text) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t length = byte(0) >= 0xf0 && byte(0) <= 0xf4 ? 4 : byte(0) >= 0xe0 ? 3 : byte(0) >= 0xc2 ? 2 : 0;
    if (byte(0) > 0xf4 || length == 0 || text.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0) != 0x80) return 0;
    bool overlong = (byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xf0 && byte(1) < 0x90);
    bool surrogate = byte(0) == 0xed && byte(1) >= 0xa0;
    bool beyond = byte(0) == 0xf4 && byte(1) >= 0x90;
    bool c1_control = byte(0) == 0xc2 && byte(1) < 0xa0;
    return overlong || surrogate || beyond || c1_control ? 0 : length;
}

std::string escape_byte(unsigned char byte) {
    if (byte == '\n') return "\\n";
    if (byte == '\t') return "\\t";
    if (byte == '\r') return "\\r";
    return fmt::format("\\x{:02x}", byte);
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
    std::uint64_t value = 0;
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    constexpr Suffix kSuffixes[] = {{"K", 1ULL << 10}, {"k", 1ULL << 10}, {"M", 1ULL << 20}, {"m", 1ULL << 20},
                                    {"G", 1ULL << 30}, {"g", 1ULL << 30}, {"T", 1ULL << 40}, {"t", 1ULL << 40}};
    return parse_scaled(text, kSuffixes);
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    constexpr Suffix kSuffixes[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
    constexpr auto kMost = static_cast<std::uint64_t>(std::chrono::milliseconds::max().count());
    bool bare = !text.empty() && text.back() >= '0' && text.back() <= '9';
    auto value = bare ? parse_scaled(std::string(text) + "s", kSuffixes) : parse_scaled(text, kSuffixes);
    if (!value || *value > kMost) return std::nullopt;
    return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
}

std::string format_size(std::uint64_t bytes) {
    constexpr std::string_view kUnits = " KMGTPE";
    std::size_t unit = 0;
    auto value = static_cast<double>(bytes);
    while (value >= 1024 && unit + 1 < kUnits.size()) value /= 1024, ++unit;
    if (unit == 0) return fmt::format("{}", bytes);
    return value < 10 ? fmt::format("{:.1f}{}", value, kUnits[unit]) : fmt::format("{:.0f}{}", value, kUnits[unit]);
}

std::string escape_control(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto byte = static_cast<unsigned char>(text[0]);
        std::size_t length = byte >= 0x80 ? utf8_length(text) : (byte >= 0x20 && byte != 0x7f ? 1 : 0);
        if (length == 0) out += escape_byte(byte);
        else out += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    for (std::size_t end = text.find(separator); end != std::string_view::npos; end = text.find(separator)) {
        pieces.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    pieces.push_back(text);
    return pieces;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string_view trim_end(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
    return text;
}

std::optional<std::string_view> nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
    std::optional<std::string_view> best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (auto candidate : candidates) {
        auto distance = edit_distance(word, candidate);
        if (distance < best_distance) best = candidate, best_distance = distance;
    }
    return best;
}

}  // namespace vs::base
