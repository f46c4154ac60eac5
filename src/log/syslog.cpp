#include "log/syslog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vs::log {

namespace {

constexpr unsigned kMostPriority = 191;
constexpr std::size_t kMostTag = 48, kMostField = 255;
constexpr std::array<std::string_view, 8> kSeverities{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_printable(char c) { return c > ' ' && c < 127; }

/// Takes what the text begins with, or nothing.
bool take(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text.remove_prefix(word.size());
    return true;
}

std::optional<unsigned> take_number(std::string_view& text, std::size_t most_digits) {
    std::size_t count = 0;
    unsigned value = 0;
    for (; count < text.size() && count < most_digits && is_digit(text[count]); ++count) value = value * 10 + static_cast<unsigned>(text[count] - '0');
    if (count == 0) return std::nullopt;
    text.remove_prefix(count);
    return value;
}

std::optional<std::uint8_t> take_priority(std::string_view& text) {
    auto rest = text;
    auto value = take(rest, "<") ? take_number(rest, 3) : std::nullopt;
    if (!value || *value > kMostPriority || !take(rest, ">")) return std::nullopt;
    text = rest;
    return static_cast<std::uint8_t>(*value);
}

/// Up to a space, which is taken too; "-" stands for nothing.
std::optional<std::string_view> take_field(std::string_view& text) {
    std::size_t end = 0;
    while (end < text.size() && end <= kMostField && is_printable(text[end])) ++end;
    if (end == 0 || end > kMostField || end == text.size() || text[end] != ' ') return std::nullopt;
    auto field = text.substr(0, end);
    text.remove_prefix(end + 1);
    return field == "-" ? std::string_view() : field;
}

/// One "[id key="value"]": values may hold brackets and escaped quotes.
bool skip_element(std::string_view& text) {
    bool quoted = false;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (quoted && text[i] == '\\') ++i;
        else if (text[i] == '"') quoted = !quoted;
        else if (!quoted && text[i] == ']') return text.remove_prefix(i + 1), true;
    }
    return false;
}

std::optional<std::string_view> take_data(std::string_view& text) {
    const auto all = text;
    if (take(text, "-")) return std::string_view();
    while (text.starts_with('['))
        if (!skip_element(text)) return std::nullopt;
    if (text.size() == all.size()) return std::nullopt;
    return all.substr(0, all.size() - text.size());
}

/// RFC 5424, section 6, behind the priority.
bool parse_new(std::string_view text, SyslogMessage& out) {
    SyslogMessage found = out;
    if (!take(text, "1 ")) return false;
    for (auto* field : {&found.time, &found.host, &found.tag, &found.process, &found.message_id}) {
        auto value = take_field(text);
        if (!value) return false;
        *field = *value;
    }
    auto data = take_data(text);
    if (!data || !(text.empty() || take(text, " "))) return false;
    found.data = *data;
    take(text, "\xef\xbb\xbf");
    found.text = text;
    out = found;
    return true;
}

/// "Nov 22 04:05:06 ", as ctime(3) has it.
bool take_old_time(std::string_view& text, std::string_view& time) {
    constexpr std::string_view kShape = "Aaa dd 00:00:00 ";
    if (text.size() < kShape.size()) return false;
    for (std::size_t i = 0; i < kShape.size(); ++i) {
        const char c = text[i], shape = kShape[i];
        const bool fits = shape == 'A' ? c >= 'A' && c <= 'Z' : shape == 'a' ? c >= 'a' && c <= 'z' : shape == 'd' ? is_digit(c) || c == ' '
                        : shape == '0' ? is_digit(c) : c == shape;
        if (!fits) return false;
    }
    time = text.substr(0, kShape.size() - 1);
    text.remove_prefix(kShape.size());
    return true;
}

/// "tag[123]: ", "tag: "
bool take_tag(std::string_view& text, SyslogMessage& out) {
    auto rest = text;
    std::size_t end = 0;
    while (end < rest.size() && end <= kMostTag && is_printable(rest[end]) && rest[end] != '[' && rest[end] != ':') ++end;
    if (end == 0 || end > kMostTag) return false;
    auto tag = rest.substr(0, end);
    rest.remove_prefix(end);
    std::string_view process;
    if (take(rest, "[")) {
        auto close = rest.find(']');
        if (close == std::string_view::npos || close > kMostTag) return false;
        process = rest.substr(0, close);
        rest.remove_prefix(close + 1);
    }
    if (!take(rest, ":")) return false;
    take(rest, " ");
    out.tag = tag;
    out.process = process;
    text = rest;
    return true;
}

std::string clean(std::string_view field, std::size_t most) {
    std::string out;
    for (char c : field)
        if (is_printable(c) && out.size() < most) out += c;
    return out.empty() ? "-" : out;
}

}  // namespace

std::optional<unsigned> SyslogMessage::severity() const { return priority ? std::optional(*priority % 8U) : std::nullopt; }

/// Local senders name no host in the older format (RFC 3164 has one on the wire only): what is behind the time is the tag.
SyslogMessage parse_syslog(std::string_view message) {
    SyslogMessage found;
    while (!message.empty() && (message.back() == '\n' || message.back() == '\0')) message.remove_suffix(1);
    found.text = message;
    auto rest = message;
    found.priority = take_priority(rest);
    if (!found.priority || parse_new(rest, found)) return found;
    take_old_time(rest, found.time);
    take_tag(rest, found);
    found.text = rest;
    return found;
}

std::optional<unsigned> parse_severity(std::string_view word) {
    if (word.size() == 1 && word[0] >= '0' && word[0] <= '7') return static_cast<unsigned>(word[0] - '0');
    if (word == "error") word = "err";
    if (word == "warn") word = "warning";
    const auto* found = std::ranges::find(kSeverities, word);
    return found == kSeverities.end() ? std::nullopt : std::optional(static_cast<unsigned>(found - kSeverities.begin()));
}

std::string_view severity_name(unsigned severity) { return severity < kSeverities.size() ? kSeverities[severity] : ""; }

std::string write_syslog(const SyslogHeader& header, std::string_view text) {
    return fmt::format("<{}>1 {} {} {} {} {} {} {}", header.priority, clean(header.time, 64), clean(header.host, 255), clean(header.tag, 48),
                       clean(header.process, 128), clean(header.message_id, 32), header.data.empty() ? "-" : header.data, text);
}

std::string escape_data(std::string_view value) {
    std::string out;
    for (char c : value) {
        if (c == '"' || c == '\\' || c == ']') out += '\\';
        out += c;
    }
    return out;
}

}  // namespace vs::log
