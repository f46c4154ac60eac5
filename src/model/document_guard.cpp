#include "model/document_guard.hpp"

#include <algorithm>

namespace vs::model {

namespace {

constexpr std::size_t kMostBytes = 64 * 1024;
constexpr int kMostDots = 64;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Behind the string that begins at `start` with a quote; where TOML sees an error in it does not matter.
std::size_t end_of_string(std::string_view text, std::size_t start) {
    char quote = text[start];
    std::string_view triple = quote == '"' ? "\"\"\"" : "'''";
    bool several_lines = text.substr(start, 3) == triple;
    std::size_t quotes = several_lines ? 3 : 1, here = start + quotes;
    auto at_end = [&] { return several_lines ? text.substr(here, 3) == triple : text[here] == quote || text[here] == '\n'; };
    while (here < text.size() && !at_end()) here += quote == '"' && text[here] == '\\' ? 2 : 1;
    here = std::min(here + quotes, text.size());
    // """a"""" ends with a quote of its own; two are allowed.
    for (int i = 0; several_lines && i < 2 && here < text.size() && text[here] == quote; ++i) ++here;
    return here;
}

/// Behind the string or comment that begins at `here`, or `here` itself.
std::size_t skip_free_text(std::string_view text, std::size_t here) {
    if (text[here] == '"' || text[here] == '\'') return end_of_string(text, here);
    return text[here] == '#' ? std::min(text.find('\n', here), text.size()) : here;
}

std::unexpected<Error> refuse(const std::string& file, std::string_view before, std::string_view what) {
    return fail(Code::usage, "{}:{}: {}", file, 1 + std::ranges::count(before, '\n'), what);
}

}  // namespace

Result<void> guard_document(std::string_view text, const std::string& file) {
    if (text.size() > kMostBytes) return refuse(file, "", fmt::format("the file is larger than {} bytes", kMostBytes));
    int dots = 0;
    std::size_t here = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
    while (here < text.size()) {
        if (auto end = skip_free_text(text, here); end != here) {
            here = end;
            continue;
        }
        if (text[here] == '\n') dots = 0;
        if (text[here] == '.' && ++dots > kMostDots)
            return refuse(file, text.substr(0, here), fmt::format("more than {} dots outside quotes in one line", kMostDots));
        if (static_cast<unsigned char>(text[here]) >= 0x80)
            return refuse(file, text.substr(0, here), "a character that is not ASCII needs quotes around it");
        ++here;
    }
    return {};
}

}  // namespace vs::model
