// Holds man/vserver.toml.5.scd against the table of keys: what the parser knows is described, and nothing else is.

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "base/text.hpp"
#include "model/settings_keys.hpp"

namespace vs::model {
namespace {

std::string manual() {
    std::ifstream file(VSERVER_SOURCE_DIR "/man/vserver.toml.5.scd");
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The key that a line describes: "*kind* = ..." or, in a table, "|  *nofile*".
std::string_view described(std::string_view line) {
    for (std::string_view start : {"|  *", "[[ *", "*"}) {
        if (!line.starts_with(start)) continue;
        auto rest = line.substr(start.size());
        auto name = rest.substr(0, rest.find('*'));
        auto behind = rest.substr(std::min(name.size() + 1, rest.size()));
        return start != "*" || behind.starts_with(" = ") ? name : std::string_view();
    }
    return {};
}

/// "network." below the heading "# NETWORK"; nothing below "# TOP KEYS"; no value below a heading that is not about keys.
std::optional<std::string> section_of(std::string_view heading) {
    if (heading == "TOP KEYS") return "";
    for (const auto& section : sections()) {
        std::string upper;
        for (char c : section.name) upper += static_cast<char>(c - 'a' + 'A');
        if (heading == upper) return fmt::format("{}.", section.name);
    }
    return std::nullopt;
}

TEST(Manual, describes_the_keys_that_the_parser_knows_and_no_other) {
    auto text = manual();
    std::multiset<std::string> found;
    std::optional<std::string> section;
    for (auto line : base::split(text, '\n')) {
        if (line.starts_with("# ")) section = section_of(line.substr(2));
        if (auto key = described(line); section && !key.empty()) found.insert(*section + std::string(key));
    }
    auto known = all_keys();
    EXPECT_EQ(found, std::multiset<std::string>(known.begin(), known.end()));
}

TEST(Manual, every_example_is_right) {
    auto text = manual();
    auto rest = std::string_view(text).substr(text.find("# EXAMPLES"));
    rest = rest.substr(0, rest.find("# TOP KEYS"));
    int count = 0;
    for (auto start = rest.find("```\n"); start != std::string_view::npos; start = rest.find("```\n")) {
        rest.remove_prefix(start + 4);
        auto end = rest.find("```\n");
        auto settings = parse_settings(rest.substr(0, end), "example");
        EXPECT_TRUE(settings) << settings.error().message() << "\n" << rest.substr(0, end);
        rest.remove_prefix(end + 4);
        ++count;
    }
    EXPECT_EQ(count, 5);
}

TEST(Manual, names_every_capability_that_a_guest_does_not_keep) {
    auto text = manual();
    auto lost = CapabilitySet::from_bits(CapabilitySet::all(40).bits() & ~CapabilitySet::guest_default().bits());
    for (const auto& name : lost.names()) EXPECT_NE(text.find(name), std::string::npos) << name;
}

}  // namespace
}  // namespace vs::model
