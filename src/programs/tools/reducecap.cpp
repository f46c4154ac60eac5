// reducecap(8): starts a command with a lower capability ceiling.

#include <cstdio>

#include "base/text.hpp"
#include "programs/tools/tool.hpp"

namespace vs::tools {

namespace {

constexpr Option kOptions[] = {
    {"secure", "", "leave only what a service of an untrusted user may need"},
    {"cap", "[!]CAP", "leave this capability, or with '!' take it away; repeatable"},
    {"flag", "FLAG", "lock, ulimit or no_new_privs; repeatable"},
    {"show", "", "show the sets of this process, or of process PID"},
    {"json", "", "with --show: one JSON document"},
};

constexpr Tool kTool{
    "reducecap",
    "[--secure] [--cap [!]CAP]... [--flag FLAG]... COMMAND [ARG...]\n       reducecap --show [--json] [PID]",
    "Run a command whose capabilities, and those of all it starts, are bounded: not\neven a setuid program gets more. It cannot be undone.\n",
    kOptions};

struct Flag {
    std::string_view name;
    std::uint32_t bit;
};
constexpr Flag kFlags[] = {{"lock", VSERVER_CEILING_LOCK}, {"ulimit", VSERVER_CEILING_ULIMIT}, {"no_new_privs", VSERVER_CEILING_NO_NEW_PRIVS}};

Result<std::uint32_t> flag_of(std::string_view name) {
    for (const auto& flag : kFlags)
        if (flag.name == name) return flag.bit;
    for (std::string_view other : {"private", "nproc", "sched", "fakeinit"})
        if (name == other) return fail(Code::usage, "the flag '{}' is of a whole context: use chcontext --flag {}", name, name);
    return fail(Code::usage, "there is no flag '{}'; there are lock, ulimit and no_new_privs", name);
}

Result<vserver_ceiling> ceiling_of(const Line& line) {
    vserver_ceiling ceiling = VSERVER_INIT_CEILING;
    const auto start = line.has("secure") ? vserver_secure_capabilities() : vserver_all_capabilities();
    ceiling.capabilities = TRY(with_capabilities(start, line.values("cap")));
    for (const auto& name : line.values("flag")) ceiling.flags |= TRY(flag_of(name));
    return ceiling;
}

struct Row {
    std::string_view name;
    std::uint64_t set;
};

std::string as_json(std::span<const Row> rows, const vserver_process& process) {
    std::string text = fmt::format("{{\"pid\":{},\"no_new_privs\":{}", process.pid, (process.flags & VSERVER_PROCESS_NO_NEW_PRIVS) != 0);
    for (const auto& row : rows) {
        std::string names;
        for (int number = 0; number < 64; ++number)
            if (const char* name = vserver_capability_name(number); name != nullptr && (row.set >> number & 1) != 0)
                names += fmt::format("{}\"{}\"", names.empty() ? "" : ",", name);
        text += fmt::format(",\"{}\":[{}]", row.name, names);
    }
    return text + "}\n";
}

std::string as_text(std::span<const Row> rows, const vserver_process& process) {
    std::string text;
    for (const auto& row : rows) text += fmt::format("{:<13}{}\n", row.name, capability_words(row.set));
    return text + fmt::format("{:<13}{}\n", "no_new_privs", (process.flags & VSERVER_PROCESS_NO_NEW_PRIVS) != 0 ? "yes" : "no");
}

int show(const Line& line) {
    const auto pid = line.rest.empty() ? std::optional<std::uint64_t>(vserver_self()) : base::parse_number(line.rest[0]);
    if (line.rest.size() > 1 || !pid || *pid == 0 || *pid > INT32_MAX)
        return refuse(kTool, Error{Code::usage, 0, "--show takes the number of one process", {}});
    vserver_process process = VSERVER_INIT_PROCESS;
    if (vserver_examine(static_cast<pid_t>(*pid), &process) < 0) return say(kTool, vserver_message()), 1;
    const Row rows[] = {{"bounding", process.bounding}, {"permitted", process.permitted}, {"effective", process.effective},
                        {"inheritable", process.inheritable}, {"ambient", process.ambient}};
    std::fputs((line.has("json") ? as_json(rows, process) : as_text(rows, process)).c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : 1;
}

int run(const Line& line) {
    if (line.rest.empty()) return refuse(kTool, Error{Code::usage, 0, "which command? See 'reducecap --help'", {}});
    auto ceiling = ceiling_of(line);
    if (!ceiling) return refuse(kTool, ceiling.error());
    const int held = vserver_set_ceiling(&*ceiling);
    if (held < 0) return refuse(kTool);
    if (held == VSERVER_HELD_BY_NO_NEW_PRIVS)
        say(kTool, "the ceiling is held by no_new_privs: setuid programs such as su give nothing below it");
    return become(kTool, line.rest);
}

}  // namespace

}  // namespace vs::tools

int main(int argc, char** argv) {
    using namespace vs::tools;
    auto line = parse(kTool, argc, argv);
    if (!line) return refuse(kTool, line.error());
    if (answered(kTool, *line)) return 0;
    return line->has("show") ? show(*line) : run(*line);
}
