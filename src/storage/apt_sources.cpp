#include "storage/apt_sources.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "storage/deb822.hpp"
#include "sys/file.hpp"

namespace vs::storage {

namespace {

/// Fields of a *.sources paragraph that are options of a line, by their names there (sources.list(5)).
struct OptionName {
    std::string_view field, option;
};
constexpr OptionName kOptions[] = {{"Signed-By", "signed-by"}, {"Architectures", "arch"}, {"Trusted", "trusted"}};

constexpr std::string_view kSuffixes[] = {"", "-updates", "-security"};

std::string joined(const std::vector<std::string_view>& parts, std::string_view separator) {
    std::string out;
    for (auto part : parts) out += (out.empty() ? "" : std::string(separator)) + std::string(part);
    return out;
}

/// An embedded key block ("Signed-By:" with a PGP text) has no line form: it spans lines, a key file's path does not.
std::string options_of(const Paragraph& paragraph) {
    std::string out;
    for (const auto& [field, option] : kOptions) {
        auto value = paragraph.value(field);
        if (value.empty() || value.find('\n') != std::string_view::npos) continue;
        out += fmt::format("{}{}={}", out.empty() ? "" : " ", option, joined(words(value), ","));
    }
    return out;
}

/// "[a=b c=d] " at the start of what follows the type.
std::string take_options(std::string_view& rest) {
    rest = base::trim(rest);
    auto end = rest.starts_with('[') ? rest.find(']') : std::string_view::npos;
    if (end == std::string_view::npos) return "";
    std::string options(base::trim(rest.substr(1, end - 1)));
    rest.remove_prefix(end + 1);
    return options;
}

void append(std::vector<AptSource>& to, std::vector<AptSource> more) {
    for (auto& source : more) to.push_back(std::move(source));
}

/// Whether `suite` is `name` or its updates or security suite; then with `other` in place of `name`.
std::string renamed_suite(const std::string& suite, const std::string& name, const std::string& other) {
    for (auto suffix : kSuffixes)
        if (suite == name + std::string(suffix)) return other + std::string(suffix);
    return "";
}

std::vector<AptSource> renamed(const std::vector<AptSource>& sources, const std::string& name, const std::string& other) {
    std::vector<AptSource> out;
    for (auto source : sources) {
        source.suite = renamed_suite(source.suite, name, other);
        if (!source.suite.empty()) out.push_back(std::move(source));
    }
    return out;
}

}  // namespace

std::string AptSource::line() const {
    return fmt::format("deb {}{} {} {}", options.empty() ? "" : "[" + options + "] ", uri, suite, components);
}

std::vector<AptSource> parse_sources_list(std::string_view text) {
    std::vector<AptSource> sources;
    for (auto line : base::split(text, '\n')) {
        line = base::trim(line.substr(0, line.find('#')));
        if (!line.starts_with("deb ") && !line.starts_with("deb\t")) continue;
        line.remove_prefix(4);
        auto options = take_options(line);
        auto parts = words(line);
        if (parts.size() < 2) continue;
        std::vector<std::string_view> components(parts.begin() + 2, parts.end());
        sources.push_back({options, std::string(parts[0]), std::string(parts[1]), joined(components, " ")});
    }
    return sources;
}

std::vector<AptSource> parse_sources_deb822(std::string_view text) {
    std::vector<AptSource> sources;
    for (const auto& paragraph : parse_deb822(text)) {
        auto types = words(paragraph.value("Types"));
        bool wanted = std::find(types.begin(), types.end(), "deb") != types.end() && paragraph.value("Enabled") != "no";
        if (!wanted) continue;
        for (auto uri : words(paragraph.value("URIs")))
            for (auto suite : words(paragraph.value("Suites")))
                sources.push_back({options_of(paragraph), std::string(uri), std::string(suite), joined(words(paragraph.value("Components")), " ")});
    }
    return sources;
}

Result<std::vector<AptSource>> host_sources() {
    std::vector<AptSource> sources;
    auto main = sys::read_file(sys::kHere, "/etc/apt/sources.list");
    if (main) append(sources, parse_sources_list(*main));
    else if (main.error().errno_value != ENOENT) return std::unexpected<Error>(main.error());
    auto dir = sys::open_dir(sys::kHere, "/etc/apt/sources.list.d");
    if (!dir) return sources;
    for (const auto& name : TRY(sys::list_dir(*dir))) {
        if (name.ends_with(".list")) append(sources, parse_sources_list(TRY(sys::read_file(*dir, name))));
        if (name.ends_with(".sources")) append(sources, parse_sources_deb822(TRY(sys::read_file(*dir, name))));
    }
    return sources;
}

std::string without_credentials(const std::string& uri) {
    auto start = uri.find("://");
    if (start == std::string::npos) return uri;
    start += 3;
    auto end = std::min(uri.find('/', start), uri.size());
    auto at = uri.rfind('@', end);
    if (at == std::string::npos || at < start) return uri;
    return uri.substr(0, start) + uri.substr(at + 1);
}

std::vector<AptSource> without_credentials(std::vector<AptSource> sources) {
    for (auto& source : sources) source.uri = without_credentials(source.uri);
    return sources;
}

std::vector<AptSource> sources_for(const std::vector<AptSource>& sources, const std::string& suite, const std::string& own) {
    auto has = [&](const std::string& name) {
        return std::any_of(sources.begin(), sources.end(), [&](const auto& source) { return source.suite == name; });
    };
    if (has(suite)) return renamed(sources, suite, suite);
    return has(own) ? renamed(sources, own, suite) : std::vector<AptSource>();
}

std::string print_sources(const std::vector<AptSource>& sources) {
    std::string out;
    for (const auto& source : sources) out += source.line() + "\n";
    return out;
}

}  // namespace vs::storage
