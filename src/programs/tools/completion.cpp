// Completion for bash, from the table of options: `TOOL --complete` prints it. Behind the options of a tool that runs a command
// the command is completed as if it stood alone.

#include "programs/tools/tool.hpp"

namespace vs::tools {

namespace {

constexpr std::string_view kBody = R"bash(    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} at
    for (( at = 1; at < COMP_CWORD; at++ )); do
        case ${{COMP_WORDS[at]}} in
            {values}) (( ++at )) ;;
            --) (( ++at )); break ;;
            -*) ;;
            *) break ;;
        esac
    done
    case $previous in
        --ip) COMPREPLY=($(compgen -W "$(ls /sys/class/net)" -- "$current")); return ;;
        {values}) return ;;
    esac
    if (( at >= COMP_CWORD )) && [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W '{options}' -- "$current"))
    {rest}fi
}}
complete -o default -F _{name} {name}
)bash";

constexpr std::string_view kCommand = R"bash(elif declare -F _command_offset >/dev/null; then
        _command_offset "$at"
    elif (( at >= COMP_CWORD )); then
        COMPREPLY=($(compgen -c -- "$current"))
    )bash";

}  // namespace

std::string completion(const Tool& tool) {
    std::string options = "--help --version", values = "--no-value";
    for (const auto& option : tool.options) {
        options += fmt::format(" --{}", option.name);
        if (!option.value.empty()) values += fmt::format("|--{}", option.name);
    }
    return fmt::format("# Bash completion for {0}. Written by `{0} --complete`.\n_{0}() {{\n", tool.name) +
           fmt::format(kBody, fmt::arg("values", values), fmt::arg("options", options), fmt::arg("name", tool.name),
                       fmt::arg("rest", tool.kind == Kind::runner ? kCommand : std::string_view()));
}

}  // namespace vs::tools
