#include "model/settings.hpp"

#include "model/document.hpp"
#include "model/settings_check.hpp"
#include "model/settings_keys.hpp"

namespace vs::model {

namespace {

/// Without the indices: the line says which element is meant.
std::string without_indices(std::string_view path) {
    std::string out;
    bool inside = false;
    for (char c : path) {
        if (c == '[') inside = true;
        if (!inside) out += c;
        if (c == ']') inside = false;
    }
    return out;
}

}  // namespace

Result<Settings> parse_settings(std::string_view text, const std::string& file) {
    auto document = TRY(parse_document(text, file));
    Settings settings;
    TRY(read_settings(document, settings));
    if (auto found = check_settings(settings))
        return fail(Code::usage, "{}:{}: {}: {}", file, locate(document, found->path).line, without_indices(found->path), found->message);
    return settings;
}

}  // namespace vs::model
