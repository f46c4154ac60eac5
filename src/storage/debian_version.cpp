#include "storage/debian_version.hpp"

#include <algorithm>

namespace vs::storage {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// "~" before the end of the text, the end before letters, letters before everything else.
int weight(std::string_view text, std::size_t at) {
    if (at >= text.size() || is_digit(text[at])) return 0;
    if (text[at] == '~') return -1;
    return is_letter(text[at]) ? text[at] : text[at] + 256;
}

std::string_view take_number(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    auto end = static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
    auto number = text.substr(0, end);
    text.remove_prefix(end);
    return number;
}

std::strong_ordering compare_part(std::string_view a, std::string_view b) {
    while (!a.empty() || !b.empty()) {
        while ((!a.empty() && !is_digit(a[0])) || (!b.empty() && !is_digit(b[0]))) {
            if (auto order = weight(a, 0) <=> weight(b, 0); order != 0) return order;
            a.remove_prefix(a.empty() ? 0 : 1);
            b.remove_prefix(b.empty() ? 0 : 1);
        }
        auto x = take_number(a);
        auto y = take_number(b);
        if (auto order = x.size() <=> y.size(); order != 0) return order;
        if (auto order = x.compare(y) <=> 0; order != 0) return order;
    }
    return std::strong_ordering::equal;
}

struct Parts {
    std::string_view epoch, upstream, revision;
};

Parts parts_of(std::string_view version) {
    Parts parts;
    if (auto colon = version.find(':'); colon != std::string_view::npos) {
        parts.epoch = version.substr(0, colon);
        version.remove_prefix(colon + 1);
    }
    auto dash = version.rfind('-');
    parts.upstream = version.substr(0, dash);
    if (dash != std::string_view::npos) parts.revision = version.substr(dash + 1);
    return parts;
}

}  // namespace

std::strong_ordering compare_versions(std::string_view a, std::string_view b) {
    Parts x = parts_of(a);
    Parts y = parts_of(b);
    if (auto order = compare_part(x.epoch, y.epoch); order != 0) return order;
    if (auto order = compare_part(x.upstream, y.upstream); order != 0) return order;
    return compare_part(x.revision, y.revision);
}

bool version_satisfies(std::string_view version, std::string_view relation, std::string_view wanted) {
    auto order = compare_versions(version, wanted);
    if (relation == "=") return order == 0;
    if (relation == ">=" || relation == ">") return order >= 0;  // ">" is ">=" in old packages (deb-control(5))
    if (relation == "<=" || relation == "<") return order <= 0;
    if (relation == ">>") return order > 0;
    return relation == "<<" && order < 0;
}

}  // namespace vs::storage
