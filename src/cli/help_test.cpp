#include "cli/help.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"

namespace vs::cli {
namespace {

TEST(Grammar, every_name_alias_and_letter_has_one_meaning) {
    std::set<std::string_view> words;
    for (const auto& verb : verbs()) {
        EXPECT_TRUE(words.insert(verb.name).second) << verb.name;
        EXPECT_TRUE(verb.alias.empty() || words.insert(verb.alias).second) << verb.alias;
    }
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const auto& option : options()) {
        EXPECT_TRUE(names.insert(option.name).second) << option.name;
        EXPECT_TRUE(option.letter == 0 || letters.insert(option.letter).second) << option.letter;
    }
}

TEST(Grammar, every_option_belongs_to_a_verb) {
    for (const auto& option : options())
        EXPECT_TRUE(std::ranges::any_of(verbs(), [&](const Verb& verb) { return takes(verb, option.id); })) << option.name;
}

TEST(Grammar, finds_by_name_alias_and_id) {
    EXPECT_EQ(find_verb("shell"), &verb(VerbId::enter));
    EXPECT_EQ(find_verb("enter"), &verb(VerbId::enter));
    EXPECT_EQ(find_verb(""), nullptr);
    EXPECT_EQ(option(Opt::user).letter, 'u');
}

TEST(Help, of_a_verb_fits_a_screen) {
    for (const auto& verb : verbs()) {
        auto text = verb_help(verb);

        EXPECT_LT(std::ranges::count(text, '\n'), 40) << verb.name;
        EXPECT_TRUE(text.starts_with("Usage: vserver ")) << verb.name;
        EXPECT_NE(text.find("--help"), std::string::npos) << verb.name;
    }
}

TEST(Help, lists_every_verb) {
    auto text = general_help();

    for (const auto& verb : verbs()) EXPECT_NE(text.find(fmt::format("\n  {} ", verb.name)), std::string::npos) << verb.name;
}

TEST(Help, synopsis_shows_options_and_arguments) {
    EXPECT_EQ(synopsis(verb(VerbId::start)), "vserver NAME start [-n]");
    EXPECT_EQ(synopsis(verb(VerbId::list)), "vserver list [NAME... | --running] [--json]");
    EXPECT_EQ(synopsis(verb(VerbId::doctor)), "vserver doctor [--grant TOOL] [--revoke TOOL] [--json]");
    EXPECT_EQ(synopsis(verb(VerbId::exec)), "vserver NAME exec [-u USER] [-w DIR] [-e KEY=VALUE]... [-t] [-T] [--] CMD [ARG...]");
}

TEST(Completion, knows_every_verb_and_its_options) {
    auto script = bash_completion();

    for (const auto& verb : verbs()) {
        auto start = script.find(fmt::format("\n        {}) options='", verb.name));
        ASSERT_NE(start, std::string::npos) << verb.name;
        auto line = script.substr(start + 1, script.find('\n', start + 1) - start - 1);
        for (auto id : verb.options) EXPECT_NE(line.find(fmt::format("--{}", option(id).name)), std::string::npos) << line;
    }
}

}  // namespace
}  // namespace vs::cli
