// Completion for bash: verbs, names of servers, options and their values. The script is printed whole, so that nothing of it
// has to be looked up while somebody types but the names.

#include <fmt/format.h>

#include "cli/help.hpp"

namespace vs::cli {

namespace {

std::string verb_names() {
    std::string names;
    for (const auto& verb : verbs()) names += fmt::format("{}{}", names.empty() ? "" : " ", verb.name);
    return names;
}

std::string option_case(const Verb& verb) {
    std::string words;
    for (const auto& candidate : options())
        if (takes(verb, candidate.id)) words += fmt::format("{}--{}", words.empty() ? "" : " ", candidate.name);
    return fmt::format("        {}) options='{}' ;;\n", verb.name, words);
}

constexpr std::string_view kHead = R"bash(# Bash completion for vserver(8). Written by `vserver --complete`.
_vserver() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} verb='' options='' names='' word
)bash";

constexpr std::string_view kTail = R"bash(    case $previous in
        --from) COMPREPLY=($(compgen -W 'host debian' -- "$current") $(compgen -f -- "$current")); return ;;
        --image) COMPREPLY=($(compgen -W "$(ls /var/lib/vservers/images 2>/dev/null)" -- "$current")); return ;;
        --network) COMPREPLY=($(compgen -W 'private bind none host' -- "$current")); return ;;
        --init) COMPREPLY=($(compgen -W 'auto guest services' -- "$current")); return ;;
    esac
    if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "${options:---help --version}" -- "$current"))
    elif (( COMP_CWORD == 1 )); then
        COMPREPLY=($(compgen -W "$verbs $names" -- "$current"))
    elif [[ -z $verb ]]; then
        COMPREPLY=($(compgen -W "$verbs" -- "$current"))
    else
        COMPREPLY=($(compgen -W "$names" -- "$current"))
    fi
}
complete -o default -F _vserver vserver
)bash";

constexpr std::string_view kNames = R"bash(    for word in /etc/vservers/*.toml; do
        word=${word##*/}
        [[ $word == '*.toml' || $word == grants.toml ]] || names+=" ${word%.toml}"
    done
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ -n $verb || " $verbs " != *" $word "* ]] || verb=$word
    done
)bash";

}  // namespace

std::string bash_completion() {
    std::string text(kHead);
    text += fmt::format("    local verbs='{}'\n", verb_names());
    text += kNames;
    text += "    case $verb in\n";
    for (const auto& verb : verbs()) text += option_case(verb);
    text += "    esac\n";
    return text + std::string(kTail);
}

}  // namespace vs::cli
