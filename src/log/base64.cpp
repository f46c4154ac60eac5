#include "log/base64.hpp"

namespace vs::log {

namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

void write_base64(std::span<const std::uint8_t> bytes, char* to) {
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? bytes[i + j] : 0U);
        for (std::size_t j = 0; j < 4; ++j) *to++ = j <= count ? kDigits[group >> (18 - 6 * j) & 63] : '=';
    }
}

bool read_base64(std::string_view text, std::span<std::uint8_t> to) {
    if (text.size() != base64_size(to.size())) return false;
    for (std::size_t i = 0; i < to.size(); i += 3) {
        std::size_t count = to.size() - i < 3 ? to.size() - i : 3;
        std::uint32_t group = 0;
        for (std::size_t j = 0; j < 4; ++j) {
            char c = text[i / 3 * 4 + j];
            std::size_t digit = j <= count ? kDigits.find(c) : (c == '=' ? 0 : std::string_view::npos);
            if (digit == std::string_view::npos) return false;
            group = group << 6 | static_cast<std::uint32_t>(digit);
        }
        if (count < 3 && (group & ((1U << (8 * (3 - count))) - 1)) != 0) return false;  // bits that say nothing
        for (std::size_t j = 0; j < count; ++j) to[i + j] = static_cast<std::uint8_t>(group >> (16 - 8 * j));
    }
    return true;
}

}  // namespace vs::log
