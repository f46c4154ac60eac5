#pragma once
// Paragraphs of "Field: value" lines as Debian's control files have them (deb822(5)): the package database, apt's *.sources.

#include <string>
#include <string_view>
#include <vector>

namespace vs::storage {

struct Field {
    std::string_view name;
    std::string_view value;  ///< with its continuation lines, as they stand; trimmed at both ends
};
/// Views into the text that was parsed.
struct Paragraph {
    std::vector<Field> fields;
    /// Empty where there is none; names are compared without case.
    [[nodiscard]] std::string_view value(std::string_view name) const;
};
/// Comment lines are skipped; a line that is neither field nor continuation is too.
std::vector<Paragraph> parse_deb822(std::string_view text);

/// The pieces between any of the separators, trimmed, without empty ones.
std::vector<std::string_view> words(std::string_view text, std::string_view separators = " \t\n");

}  // namespace vs::storage
