#include "programs/tools/tool.hpp"

#include <cerrno>

#include <algorithm>
#include <bit>
#include <cstdio>

#include "base/text.hpp"
#include "sys/process.hpp"

namespace vs::tools {

namespace {

constexpr Option kHelp{"help", "", "this text"};
constexpr Option kVersion{"version", "", "the version"};
constexpr Option kComplete{"complete", "", "a script for bash"};

const Option* find(const Tool& tool, std::string_view name) {
    if (name == kHelp.name) return &kHelp;
    if (name == kVersion.name) return &kVersion;
    if (name == kComplete.name) return &kComplete;
    auto found = std::ranges::find(tool.options, name, &Option::name);
    return found == tool.options.end() ? nullptr : &*found;
}

std::string suggestion(const Tool& tool, std::string_view name) {
    std::vector<std::string_view> names;
    for (const auto& option : tool.options) names.push_back(option.name);
    auto near = base::nearest(name, names);
    return near ? fmt::format("did you mean '--{}'?", *near) : fmt::format("see '{} --help'", tool.name);
}

void print(std::FILE* to, std::string_view text) { std::fwrite(text.data(), 1, text.size(), to); }

std::string option_line(const Option& option) {
    auto left = fmt::format("--{}{}{}", option.name, option.value.empty() ? "" : " ", option.value);
    return fmt::format("  {:<22}{}{}\n", left, left.size() > 21 ? " " : "", option.help);
}

std::string joined(std::uint64_t set) {
    std::string words;
    for (int number = 0; number < 64; ++number) {
        if ((set >> number & 1) == 0) continue;
        const char* name = vserver_capability_name(number);
        words += (words.empty() ? "" : ", ") + (name != nullptr ? std::string(name) : std::to_string(number));
    }
    return words;
}

Result<Line> parse_all(const Tool& tool, int argc, char** argv) {
    Line line;
    int at = 1;
    for (; at < argc && std::string_view(argv[at]).starts_with("-"); ++at) {
        std::string_view word = argv[at];
        if (word == "--") { ++at; break; }
        if (word == "-h") word = "--help";
        const auto equals = word.find('=');
        const auto name = word.substr(0, equals).substr(std::min<std::size_t>(2, word.size()));
        const Option* option = word.starts_with("--") ? find(tool, name) : nullptr;
        if (option == nullptr) return fail(Code::usage, "there is no option '{}'; {}", word.substr(0, equals), suggestion(tool, name));
        std::string value;
        if (option->value.empty() && equals != std::string_view::npos) return fail(Code::usage, "'--{}' takes no value", name);
        if (equals != std::string_view::npos) value = word.substr(equals + 1);
        else if (!option->value.empty() && ++at < argc) value = argv[at];
        // An empty one is a variable that a script has not set, and no wish for the default.
        if (!option->value.empty() && value.empty()) return fail(Code::usage, "'--{}' needs {}", name, option->value);
        line.options.emplace_back(option->name, value);
    }
    line.rest.assign(argv + std::min(at, argc), argv + argc);
    return line;
}

/// Ours end at the first word that is none of ours.
Result<Line> parse_own(const Tool& tool, int argc, char** argv) {
    int at = 1;
    for (; at < argc; ++at) {
        std::string_view word = argv[at];
        const Option* option = word.starts_with("--") && word != "--" ? find(tool, word.substr(2, word.find('=') - 2)) : nullptr;
        if (option == nullptr) break;
        if (!option->value.empty() && word.find('=') == std::string_view::npos) ++at;
    }
    const int own = std::min(at, argc);
    auto line = TRY(parse_all(tool, own, argv));
    const bool marked = own < argc && std::string_view(argv[own]) == "--";
    line.rest.assign(argv + own + (marked ? 1 : 0), argv + argc);
    return line;
}

/// Prints what --help, --version or --complete ask for; true where one of them was given.
bool answered(const Tool& tool, const Line& line) {
    if (line.has("help")) return print(stdout, help(tool)), true;
    if (line.has("complete")) return print(stdout, completion(tool)), true;
    if (line.has("version")) return print(stdout, fmt::format("{} {}\n", tool.name, VSERVER_VERSION)), true;
    return false;
}

}  // namespace

bool Line::has(std::string_view option) const { return value(option).has_value(); }

std::optional<std::string> Line::value(std::string_view option) const {
    auto all = values(option);
    return all.empty() ? std::nullopt : std::optional(all.back());
}

std::vector<std::string> Line::values(std::string_view option) const {
    std::vector<std::string> out;
    for (const auto& [name, value] : options)
        if (name == option) out.push_back(value);
    return out;
}

Result<Line> parse(const Tool& tool, int argc, char** argv) {
    return tool.kind == Kind::wrapper ? parse_own(tool, argc, argv) : parse_all(tool, argc, argv);
}

int run_tool(const Tool& tool, int argc, char** argv, int (*run)(const Line&)) {
    auto line = parse(tool, argc, argv);
    if (!line) return say(tool, line.error().message()), tool.kind == Kind::runner ? 125 : 2;
    if (!answered(tool, *line)) return run(*line);
    if (std::fflush(stdout) == 0) return 0;
    return say(tool, "cannot write the output"), 1;
}

std::string help(const Tool& tool) {
    auto text = fmt::format("Usage: {} {}\n\n{}\nOptions:\n", tool.name, tool.synopsis, tool.about);
    for (const auto& option : tool.options) text += option_line(option);
    return text + option_line(kHelp) + option_line(kVersion);
}

void say(const Tool& tool, std::string_view sentence) {
    std::fflush(stdout);
    print(stderr, fmt::format("{}: {}\n", tool.name, sentence));
}

int refuse(const Tool& tool, const Error& error) {
    say(tool, error.message());
    return 125;
}

int refuse(const Tool& tool) {
    say(tool, vserver_message());
    return vserver_exit_status();
}

Result<std::uint64_t> with_capabilities(std::uint64_t start, const std::vector<std::string>& wishes) {
    for (const auto& wish : wishes) {
        const bool remove = wish.starts_with('!');
        const int number = vserver_capability(wish.c_str() + (remove ? 1 : 0));
        if (number < 0) return fail(Code::usage, "{}", vserver_message());
        const auto bit = std::uint64_t{1} << number;
        if ((vserver_all_capabilities() & bit) == 0) return fail(Code::unsupported, "this kernel has no capability '{}'", wish);
        start = remove ? start & ~bit : start | bit;
    }
    return start;
}

std::string capability_words(std::uint64_t set) {
    const auto all = vserver_all_capabilities();
    set &= all;
    if (set == all) return "all";
    if (set == 0) return "none";
    if (std::popcount(set) * 2 > std::popcount(all)) return "all but " + joined(all & ~set);
    return joined(set);
}

int become(const Tool& tool, const std::vector<std::string>& command) {
    auto error = sys::become_command(command);
    say(tool, error.message());
    return error.errno_value == ENOENT ? 127 : 126;
}

}  // namespace vs::tools
