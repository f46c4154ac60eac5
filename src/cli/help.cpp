#include "cli/help.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/text.hpp"

namespace vs::cli {

namespace {

std::string option_usage(const Option& option) {
    auto name = option.letter != 0 ? fmt::format("-{}", option.letter) : fmt::format("--{}", option.name);
    auto value = option.value.empty() ? std::string() : fmt::format(" {}", option.value);
    return fmt::format(" [{}{}]{}", name, value, option.repeatable ? "..." : "");
}

std::string options_usage(const Verb& verb) {
    std::string text;
    for (auto id : verb.options) text += option_usage(option(id));
    return text;
}

std::string arguments_usage(const Verb& verb) {
    if (verb.arguments.empty()) return {};
    bool command = verb.most == kCommandFollows;
    return fmt::format("{} {}", command ? " [--]" : "", verb.arguments);
}

/// The form in which the verb comes first and may be about several servers.
std::string selector_form(const Verb& verb) {
    auto names = verb.names == Names::all_by_default ? "[NAME... | --running]" : "NAME... | --all | --running";
    return fmt::format("vserver {} {}{}", verb.name, names, options_usage(verb));
}

std::string option_line(const Option& option) {
    auto letter = option.letter != 0 ? fmt::format("-{}, ", option.letter) : std::string("    ");
    auto name = fmt::format("  {}--{}{}{}", letter, option.name, option.value.empty() ? "" : " ", option.value);
    if (name.size() > 27) return fmt::format("{}\n{:28}{}\n", name, "", option.help);
    return fmt::format("{:28}{}\n", name, option.help);
}

/// "Usage: " and the form, broken between words where a screen ends.
std::string usage_lines(std::string_view title, std::string_view form) {
    constexpr std::size_t kScreen = 79, kIndent = 7;
    std::string out, line = fmt::format("{:{}}", title, kIndent);
    for (auto piece : base::split(form, ' ')) {
        bool full = line.size() + piece.size() > kScreen && line.size() > kIndent;
        if (full) out += fmt::format("{}\n", line.substr(0, line.size() - 1)), line = std::string(kIndent + 4, ' ');
        line += fmt::format("{} ", piece);
    }
    return out + line.substr(0, line.size() - 1) + "\n";
}

std::string upper_first(std::string_view text) {
    std::string out(text);
    if (!out.empty() && out[0] >= 'a' && out[0] <= 'z') out[0] = static_cast<char>(out[0] - 'a' + 'A');
    return out;
}

}  // namespace

std::string synopsis(const Verb& verb) {
    if (verb.names == Names::all_by_default) return selector_form(verb);
    auto name = verb.names == Names::none ? "" : verb.names == Names::optional ? " [NAME]" : " NAME";
    return fmt::format("vserver{} {}{}{}", name, verb.name, options_usage(verb), arguments_usage(verb));
}

std::string general_help() {
    std::string text =
        "Usage: vserver NAME VERB [OPTION...] [ARGUMENT...]\n"
        "       vserver VERB NAME... | --all | --running [OPTION...]\n"
        "       vserver VERB --help | --help | --version | --complete\n";
    for (auto group : groups()) {
        text += fmt::format("\n{}:\n", group_title(group));
        for (const auto& verb : verbs())
            if (verb.group == group) text += fmt::format("  {:14}{}\n", verb.name, verb.help);
    }
    return text + "\nThe manual page vserver(8) says more.\n";
}

std::string verb_help(const Verb& verb) {
    auto text = usage_lines("Usage: ", synopsis(verb));
    if (verb.names == Names::several) text += usage_lines("", selector_form(verb));
    text += fmt::format("\n{}.\n", upper_first(verb.help));
    if (!verb.alias.empty()) text += fmt::format("Another name for it is '{}'.\n", verb.alias);
    text += "\nOptions:\n";
    for (const auto& candidate : options())
        if (takes(verb, candidate.id)) text += option_line(candidate);
    if (verb.status == Status::command)
        text += "\nThe exit status is that of the command; 125 where it could not be tried,\n"
                "126 where it cannot be run, 127 where there is none, 128+n after signal n.\n";
    return text;
}

}  // namespace vs::cli
