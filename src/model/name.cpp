#include "model/name.hpp"

#include <algorithm>

namespace vs::model {

namespace {

constexpr std::size_t kLongest = 63;

// Not <cctype>: a locale must not change what a name is.
bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_inner(char c) { return is_alphanumeric(c) || c == '_' || c == '-'; }
char fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Files of another kind beside the settings of the servers, and so no servers' names.
bool is_reserved(std::string_view text) { return std::ranges::equal(text, std::string_view("grants"), {}, fold); }

}  // namespace

Result<ServerName> ServerName::parse(std::string_view text) {
    if (is_reserved(text)) return fail(Code::usage, "'{}' cannot be a server's name: its settings file has another meaning", text);
    bool good = !text.empty() && text.size() <= kLongest && is_alphanumeric(text[0]) && std::all_of(text.begin(), text.end(), is_inner);
    if (good) return ServerName(std::string(text));
    return fail(Code::usage, "'{}' cannot be a server's name: use 1 to 63 of A-Z a-z 0-9 _ -, beginning with a letter or digit",
                text.substr(0, kLongest + 1));
}

std::string ServerName::folded() const {
    std::string out = text_;
    std::transform(out.begin(), out.end(), out.begin(), fold);
    return out;
}

std::string ServerName::host_name() const {
    std::string out = text_;
    std::replace(out.begin(), out.end(), '_', '-');
    out.resize(out.find_last_not_of('-') + 1);  // never empty: the first is a letter or digit
    return out;
}

}  // namespace vs::model
