#include "storage/deb822.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace vs::storage {

namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return folded(x) == folded(y); });
}

/// The value grows to the end of `line`, which follows it in the same text.
void extend(std::string_view& value, std::string_view line) {
    const char* begin = value.empty() ? line.data() : value.data();
    value = {begin, static_cast<std::size_t>(line.data() + line.size() - begin)};
}

}  // namespace

std::string_view Paragraph::value(std::string_view name) const {
    for (const auto& field : fields)
        if (same_name(field.name, name)) return field.value;
    return {};
}

std::vector<Paragraph> parse_deb822(std::string_view text) {
    std::vector<Paragraph> paragraphs(1);
    for (auto line : base::split(text, '\n')) {
        auto& fields = paragraphs.back().fields;
        if (base::trim(line).empty()) {
            if (!fields.empty()) paragraphs.emplace_back();
        } else if (line[0] == ' ' || line[0] == '\t') {
            if (!fields.empty()) extend(fields.back().value, line);
        } else if (auto colon = line.find(':'); line[0] != '#' && colon != std::string_view::npos) {
            fields.push_back({line.substr(0, colon), line.substr(colon + 1)});
        }
    }
    if (paragraphs.back().fields.empty()) paragraphs.pop_back();
    for (auto& paragraph : paragraphs)
        for (auto& field : paragraph.fields) field.value = base::trim(field.value);
    return paragraphs;
}

std::vector<std::string_view> words(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> out;
    for (std::size_t start = text.find_first_not_of(separators); start != std::string_view::npos;) {
        auto end = std::min(text.find_first_of(separators, start), text.size());
        auto word = base::trim(text.substr(start, end - start));
        if (!word.empty()) out.push_back(word);
        start = text.find_first_not_of(separators, end);
    }
    return out;
}

}  // namespace vs::storage
