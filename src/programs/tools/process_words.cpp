#include "programs/tools/process_words.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace vs::tools {

namespace {

// Names of servers, contexts, flags and capabilities have no character that JSON escapes (model/name.hpp).
std::string json_text(const char* text) { return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace); }

template <typename NameOf>
std::string json_names(std::uint64_t set, NameOf name_of) {
    std::string names;
    for (int bit = 0; bit < 64; ++bit) {
        const char* name = (set >> bit & 1) != 0 ? name_of(bit) : nullptr;
        if (name != nullptr) names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", name);
    }
    return "[" + names + "]";
}

const char* flag_name(int bit) { return bit < 32 ? vserver_flag_name(std::uint32_t{1} << bit) : nullptr; }

}  // namespace

Result<vserver_process> examine_asked(const Line& line) {
    const auto pid = line.rest.empty() ? std::optional<std::uint64_t>(vserver_self()) : base::parse_number(line.rest[0]);
    if (line.rest.size() > 1 || !pid || *pid == 0 || *pid > INT32_MAX) return fail(Code::usage, "--show takes the number of one process");
    vserver_process process = VSERVER_INIT_PROCESS;
    if (vserver_examine(static_cast<pid_t>(*pid), &process) < 0) return fail(Code::failed, "{}", vserver_message());
    return process;
}

std::string_view kind_word(std::uint32_t kind) {
    constexpr std::array<std::string_view, 5> kWords = {"main", "registered", "unnamed", "server", "hidden"};
    return kind < kWords.size() ? kWords[kind] : "hidden";
}

std::array<NamedSet, 5> capability_sets(const vserver_process& process) {
    return {{{"bounding", process.bounding}, {"permitted", process.permitted}, {"effective", process.effective},
             {"inheritable", process.inheritable}, {"ambient", process.ambient}}};
}

std::string process_json(const vserver_process& process) {
    auto text = fmt::format("{{\"pid\":{},\"command\":{},\"context\":{},\"name\":{},\"kind\":\"{}\",\"flags\":{},\"no_new_privs\":{}", process.pid, json_text(process.command),
                            process.kind == VSERVER_KIND_HIDDEN ? "null" : std::to_string(process.context),
                            process.name[0] != 0 ? fmt::format("\"{}\"", process.name) : "null", kind_word(process.kind),
                            json_names(process.context_flags, flag_name), (process.flags & VSERVER_PROCESS_NO_NEW_PRIVS) != 0);
    for (const auto& [name, set] : capability_sets(process)) text += fmt::format(",\"{}\":{}", name, json_names(set, vserver_capability_name));
    return text + "}";
}

}  // namespace vs::tools
