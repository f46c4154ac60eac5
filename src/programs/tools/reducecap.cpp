// reducecap(8): starts a command with a lower capability ceiling.

#include <cstdio>

#include "programs/tools/process_words.hpp"

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
    Kind::runner, "reducecap",
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

std::string as_text(const vserver_process& process) {
    std::string text;
    for (const auto& [name, set] : capability_sets(process)) text += fmt::format("{:<13}{}\n", name, capability_words(set));
    return text + fmt::format("{:<13}{}\n", "no_new_privs", (process.flags & VSERVER_PROCESS_NO_NEW_PRIVS) != 0 ? "yes" : "no");
}

int show(const Line& line) {
    auto process = examine_asked(line);
    if (!process) return say(kTool, process.error().message()), 1;
    std::fputs((line.has("json") ? process_json(*process) + "\n" : as_text(*process)).c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : 1;
}

int run(const Line& line) {
    if (line.has("show")) return show(line);
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

int main(int argc, char** argv) { return vs::tools::run_tool(vs::tools::kTool, argc, argv, vs::tools::run); }
