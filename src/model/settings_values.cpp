#include "model/settings_values.hpp"

#include <array>
#include <utility>

#include "base/text.hpp"

namespace vs::model {

namespace {

/// What an error quotes of a value: enough to recognise it.
std::string_view shown(std::string_view text) { return text.substr(0, 64); }

/// A value of a small set, by its word.
template <typename T>
struct Word {
    T value;
    std::string_view word;
};

constexpr std::array kNetworkKinds = {Word{NetworkKind::private_, "private"}, Word{NetworkKind::none, "none"},
                                      Word{NetworkKind::host, "host"}, Word{NetworkKind::bind, "bind"}};
constexpr std::array kNetworkViews = {Word{NetworkView::own, "own"}, Word{NetworkView::host, "host"}};
constexpr std::array kInitKinds = {Word{InitKind::automatic, "auto"}, Word{InitKind::guest, "guest"},
                                   Word{InitKind::services, "services"}};
constexpr std::array kMountModes = {Word{false, "ro"}, Word{true, "rw"}};

template <typename T, std::size_t N>
Result<T> read_word(const Node& node, const std::array<Word<T>, N>& words) {
    TRY(node.require(Node::Kind::text));
    std::string known;
    for (const auto& [value, word] : words) {
        if (word == node.text) return value;
        known += fmt::format("{}\"{}\"", known.empty() ? "" : " or ", word);
    }
    return node.problem(fmt::format("'{}' is not {}", shown(node.text), known));
}

template <typename T, std::size_t N>
std::string write_word(T value, const std::array<Word<T>, N>& words) {
    for (const auto& row : words)
        if (row.value == value) return quote_toml(row.word);
    return {};
}

/// Every element of a list of texts through `parse`, a failure with the element's own line.
template <typename T>
Result<std::vector<T>> read_each(const Node& node, Result<T> (*parse)(std::string_view)) {
    TRY(node.require(Node::Kind::list));
    std::vector<T> out;
    for (const auto& element : node.children) {
        TRY(element.require(Node::Kind::text));
        auto value = parse(element.text);
        if (!value) return element.problem(value.error().message());
        out.push_back(std::move(*value));
    }
    return out;
}

template <typename T>
std::string write_each(const std::vector<T>& values) {
    std::vector<std::string> texts;
    for (const auto& value : values) texts.push_back(value.text());
    return write_texts(texts);
}

template <typename T>
Result<T> read_whole(const Node& node) {
    TRY(node.require(Node::Kind::number));
    if (std::in_range<T>(node.number)) return static_cast<T>(node.number);
    return node.problem(fmt::format("{} is out of range", node.number));
}

/// The largest suffix that loses nothing.
std::string exact_size(std::uint64_t bytes) {
    constexpr std::string_view kSuffixes = "KMGT";
    std::size_t suffix = 0;
    while (bytes != 0 && bytes % 1024 == 0 && suffix < kSuffixes.size()) bytes /= 1024, ++suffix;
    return fmt::format("{}{}", bytes, suffix == 0 ? "" : kSuffixes.substr(suffix - 1, 1));
}

/// "unlimited" or a size.
Result<std::optional<std::uint64_t>> parse_bound(std::string_view text) {
    if (text == "unlimited") return std::optional<std::uint64_t>();
    if (auto value = base::parse_size(text)) return value;
    return fail(Code::usage, "'{}' is not a limit: use \"SOFT:HARD\", \"BOTH\" or \"unlimited\"", shown(text));
}

std::string write_bound(const std::optional<std::uint64_t>& bound) {
    return bound ? exact_size(*bound) : std::string("unlimited");
}

Result<CapabilitySet> add_capability(CapabilitySet set, std::string_view name) {
    bool removes = name.starts_with('!');
    int number = TRY(CapabilitySet::number_of(name.substr(removes ? 1 : 0)));
    removes ? set.remove(number) : set.add(number);
    return set;
}

}  // namespace

Result<std::string> read_text(const Node& node) {
    TRY(node.require(Node::Kind::text));
    // A path or an argument would end there for the kernel, and be another one than was judged.
    if (node.text.find('\0') != std::string::npos) return node.problem("contains a NUL character");
    return node.text;
}

std::string write_text(const std::string& text) { return text.empty() ? std::string() : quote_toml(text); }

Result<std::vector<std::string>> read_texts(const Node& node) {
    TRY(node.require(Node::Kind::list));
    std::vector<std::string> texts;
    for (const auto& element : node.children) texts.push_back(TRY(read_text(element)));
    return texts;
}

std::string write_texts(const std::vector<std::string>& texts) {
    std::string out;
    for (const auto& text : texts) out += (out.empty() ? "" : ", ") + quote_toml(text);
    return "[" + out + "]";
}

Result<bool> read_truth(const Node& node) {
    TRY(node.require(Node::Kind::truth));
    return node.truth;
}

std::string write_truth(bool truth) { return truth ? "true" : "false"; }

Result<int> read_number(const Node& node) { return read_whole<int>(node); }
std::string write_number(int number) { return std::to_string(number); }

Result<std::uint64_t> read_count(const Node& node) { return read_whole<std::uint64_t>(node); }
std::string write_count(std::uint64_t count) { return std::to_string(count); }

Result<std::uint32_t> read_weight(const Node& node) { return read_whole<std::uint32_t>(node); }
std::string write_weight(const std::optional<std::uint32_t>& weight) { return weight ? std::to_string(*weight) : std::string(); }

Result<std::uint64_t> read_size(const Node& node) {
    if (node.kind == Node::Kind::number) return read_count(node);
    TRY(node.require(Node::Kind::text));
    if (auto bytes = base::parse_size(node.text)) return *bytes;
    return node.problem(fmt::format("'{}' is not a size: use bytes, or a number with K, M, G or T", shown(node.text)));
}

std::string write_size(const std::optional<std::uint64_t>& bytes) { return bytes ? quote_toml(exact_size(*bytes)) : std::string(); }

Result<std::uint32_t> read_percent(const Node& node) {
    TRY(node.require(Node::Kind::text));
    std::string_view digits = node.text;
    bool marked = digits.ends_with('%');
    auto number = base::parse_number(digits.substr(0, digits.size() - (marked ? 1 : 0)));
    if (marked && number && std::in_range<std::uint32_t>(*number)) return static_cast<std::uint32_t>(*number);
    return node.problem(fmt::format("'{}' is not a share of processors: \"100%\" is one of them", shown(node.text)));
}

std::string write_percent(const std::optional<std::uint32_t>& percent) {
    return percent ? fmt::format("\"{}%\"", *percent) : std::string();
}

Result<std::chrono::milliseconds> read_duration(const Node& node) {
    bool bare = node.kind == Node::Kind::number;
    if (!bare) TRY(node.require(Node::Kind::text));
    auto text = bare ? std::to_string(node.number) : node.text;
    if (auto duration = base::parse_duration(text)) return *duration;
    return node.problem(fmt::format("'{}' is not a duration: use seconds, or a number with ms, s, m or h", shown(text)));
}

std::string write_duration(std::chrono::milliseconds duration) {
    if (duration.count() % 1000 != 0) return fmt::format("\"{}ms\"", duration.count());
    return fmt::format("\"{}s\"", duration.count() / 1000);
}

Result<ResourceLimit> read_resource_limit(const Node& node) {
    if (node.kind == Node::Kind::number) {
        auto both = TRY(read_count(node));
        return ResourceLimit{both, both};
    }
    TRY(node.require(Node::Kind::text));
    std::string_view text = node.text;
    auto colon = text.find(':');
    auto soft = parse_bound(text.substr(0, colon));
    auto hard = colon == std::string_view::npos ? soft : parse_bound(text.substr(colon + 1));
    for (const auto* bound : {&soft, &hard})
        if (!*bound) return node.problem(bound->error().message());
    return ResourceLimit{*soft, *hard};
}

std::string write_resource_limit(const ResourceLimit& limit) {
    if (limit.soft == limit.hard) return quote_toml(write_bound(limit.soft));
    return quote_toml(write_bound(limit.soft) + ":" + write_bound(limit.hard));
}

Result<CapabilitySet> read_capabilities(const Node& node) {
    auto names = TRY(read_texts(node));
    bool removes = !names.empty() && names[0].starts_with('!');
    auto set = removes ? CapabilitySet::guest_default() : CapabilitySet();
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& element = node.children[i];
        if (names[i].starts_with('!') != removes)
            return element.problem("mixes names to keep with names to remove (\"!name\"): a list is one or the other");
        auto next = add_capability(set, names[i]);
        if (!next) return element.problem(next.error().message());
        set = *next;
    }
    return set;
}

std::string write_capabilities(CapabilitySet set) {
    constexpr std::size_t kFew = 8;
    if (set == CapabilitySet::guest_default()) return {};  // "[]" would keep none
    auto guest = CapabilitySet::guest_default().bits();
    auto removed = CapabilitySet::from_bits(guest & ~set.bits()).names();
    bool only_less = (set.bits() & ~guest) == 0;
    if (!only_less || removed.size() > kFew) return write_texts(set.names());
    for (auto& name : removed) name.insert(name.begin(), '!');
    return write_texts(removed);
}

Result<std::vector<IpAddress>> read_addresses(const Node& node) { return read_each(node, IpAddress::parse); }
std::string write_addresses(const std::vector<IpAddress>& addresses) { return write_each(addresses); }

Result<std::vector<NetworkAddress>> read_network_addresses(const Node& node) { return read_each(node, NetworkAddress::parse); }
std::string write_network_addresses(const std::vector<NetworkAddress>& addresses) { return write_each(addresses); }

Result<std::vector<PortRedirect>> read_ports(const Node& node) { return read_each(node, PortRedirect::parse); }
std::string write_ports(const std::vector<PortRedirect>& ports) { return write_each(ports); }

Result<NetworkKind> read_network_kind(const Node& node) { return read_word(node, kNetworkKinds); }
std::string write_network_kind(NetworkKind kind) { return write_word(kind, kNetworkKinds); }

Result<NetworkView> read_network_view(const Node& node) { return read_word(node, kNetworkViews); }
std::string write_network_view(NetworkView view) { return write_word(view, kNetworkViews); }

Result<InitKind> read_init_kind(const Node& node) { return read_word(node, kInitKinds); }
std::string write_init_kind(InitKind kind) { return write_word(kind, kInitKinds); }

Result<bool> read_mount_mode(const Node& node) { return read_word(node, kMountModes); }
std::string write_mount_mode(bool writable) { return write_word(writable, kMountModes); }

}  // namespace vs::model
