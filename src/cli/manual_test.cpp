// The manual page is written by hand; what it repeats of the program is compared with it.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <sstream>

#include "base/result.hpp"
#include "base/text.hpp"
#include "cli/help.hpp"

namespace vs::cli {
namespace {

std::string read_manual() {
    std::ifstream file(VSERVER_SOURCE_DIR "/man/vserver.8.scd");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The text between a heading and the next one.
std::string section(const std::string& manual, std::string_view title) {
    auto start = manual.find(fmt::format("\n# {}\n", title));
    return start == std::string::npos ? "" : manual.substr(start, manual.find("\n# ", start + 2) - start);
}

/// Without what scdoc makes bold, and without its line breaks.
std::vector<std::string> plain_lines(const std::string& text) {
    std::vector<std::string> lines;
    for (auto line : base::split(text, '\n')) {
        if (line.ends_with("++")) line.remove_suffix(2);
        std::string plain;
        for (char c : line)
            if (c != '*') plain += c;
        lines.push_back(plain);
    }
    return lines;
}

TEST(Manual, synopsis_is_that_of_the_grammar) {
    auto lines = plain_lines(section(read_manual(), "SYNOPSIS"));
    std::erase_if(lines, [](const std::string& line) { return !line.starts_with("vserver ") || line.find("_VERB_") != std::string::npos; });

    ASSERT_EQ(lines.size(), verbs().size());
    for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i], synopsis(verbs()[i]));
}

TEST(Manual, describes_every_verb) {
    auto manual = read_manual();

    for (const auto& verb : verbs()) EXPECT_NE(manual.find(fmt::format("\n*{}*\n\t", verb.name)), std::string::npos) << verb.name;
}

TEST(Manual, exit_statuses_are_the_ones_of_the_program) {
    constexpr std::array kCodes = {Code::failed, Code::usage, Code::not_running, Code::denied, Code::no_such_server, Code::unsupported, Code::busy, Code::timeout};
    auto table = section(read_manual(), "EXIT STATUS");

    for (auto code : kCodes)
        EXPECT_NE(table.find(fmt::format("\n|  {}\n:  {}\n", base::exit_status(code), base::code_name(code))), std::string::npos) << base::code_name(code);
}

}  // namespace
}  // namespace vs::cli
