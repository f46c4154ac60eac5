#include "model/document.hpp"

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_MAX_NESTED_VALUES 16
#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

#include "base/text.hpp"
#include "model/document_guard.hpp"

namespace vs::model {

namespace {

constexpr std::size_t kLongestShown = 200;

std::unexpected<Error> fail_at(const std::string& file, unsigned line, std::string_view what) {
    return fail(Code::usage, "{}:{}: {}", file, line, what.substr(0, kLongestShown));
}

Node convert(const toml::node& from, Node to);

/// The place of a value below `parent`, without the value.
Node place_below(const Node& parent, std::string_view key, unsigned line) {
    Node node;
    node.file = parent.file;
    node.line = line;
    node.key = key;
    node.path = parent.path.empty() ? std::string(key) : fmt::format("{}.{}", parent.path, key);
    node.path.resize(std::min(node.path.size(), kLongestShown));
    return node;
}

std::vector<Node> convert_table(const toml::table& table, const Node& parent) {
    std::vector<Node> children;
    for (const auto& [key, value] : table)
        children.push_back(convert(value, place_below(parent, key.str(), key.source().begin.line)));
    // toml++ sorts by name; the first problem that is reported should be the first in the file.
    std::ranges::sort(children, {}, [](const Node& child) { return std::tie(child.line, child.key); });
    return children;
}

std::vector<Node> convert_list(const toml::array& list, const Node& parent) {
    std::vector<Node> children;
    for (const auto& value : list) {
        Node element = parent;
        element.kind = Node::Kind::other;
        element.line = value.source().begin.line;
        children.push_back(convert(value, std::move(element)));
    }
    return children;
}

Node convert(const toml::node& from, Node to) {
    if (const auto* text = from.as_string()) {
        to.kind = Node::Kind::text;
        to.text = text->get();
    } else if (const auto* number = from.as_integer()) {
        to.kind = Node::Kind::number;
        to.number = number->get();
    } else if (const auto* truth = from.as_boolean()) {
        to.kind = Node::Kind::truth;
        to.truth = truth->get();
    } else if (const auto* list = from.as_array()) {
        to.kind = Node::Kind::list;
        to.children = convert_list(*list, to);
    } else if (const auto* table = from.as_table()) {
        to.kind = Node::Kind::table;
        to.children = convert_table(*table, to);
    }
    return to;
}

std::string_view kind_name(Node::Kind kind) {
    constexpr std::string_view kNames[] = {"text in quotes", "a whole number", "true or false",
                                           "a list",         "a table",        "a date, time or fraction"};
    return kNames[static_cast<std::size_t>(kind)];
}

const Node* child_named(const Node& table, std::string_view key) {
    for (const auto& child : table.children)
        if (table.kind == Node::Kind::table && child.key == key) return &child;
    return nullptr;
}

/// One step of a path: "mount[1]" is the second element of the child "mount".
const Node* step(const Node& from, std::string_view part) {
    auto bracket = part.find('[');
    const Node* node = child_named(from, part.substr(0, bracket));
    if (node == nullptr || bracket == std::string_view::npos) return node;
    auto index = base::parse_number(part.substr(bracket + 1, part.size() - bracket - 2));
    return index && *index < node->children.size() ? &node->children[*index] : node;
}

}  // namespace

std::unexpected<Error> Node::problem(std::string_view what) const {
    if (path.empty()) return fail_at(file, line, what);
    return fail(Code::usage, "{}:{}: {}: {}", file, line, path, what);
}

Result<void> Node::require(Kind wanted) const {
    if (kind == wanted) return {};
    return problem(fmt::format("is {}, not {}", kind_name(kind), kind_name(wanted)));
}

Result<Node> parse_document(std::string_view text, const std::string& file) {
    TRY(guard_document(text, file));
    auto parsed = toml::parse(text);
    if (parsed.failed()) return fail_at(file, parsed.error().source().begin.line, parsed.error().description());
    Node root;
    root.file = file;
    return convert(parsed.table(), std::move(root));
}

const Node& locate(const Node& root, std::string_view path) {
    const Node* here = &root;
    for (auto part : base::split(path, '.')) {
        const Node* next = step(*here, part);
        if (next == nullptr) break;
        here = next;
    }
    return *here;
}

std::string quote_toml(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') out += '\\';
        if (byte < 0x20 || byte == 0x7f) out += fmt::format("\\u{:04x}", byte);
        else out += c;
    }
    return out + '"';
}

}  // namespace vs::model
