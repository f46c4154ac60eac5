// chcontext(8): runs a command in a security context of its own.

#include <cstdio>

#include "base/text.hpp"
#include "programs/tools/process_words.hpp"

namespace vs::tools {

namespace {

constexpr Option kOptions[] = {
    {"ctx", "N|NAME", "root: the context of this number or name, made where there is none"},
    {"areas", "LIST", "what it is shut off in: fs,proc,ipc,uts,users,cgroup,time"},
    {"secure", "", "leave only the capabilities that a service may need"},
    {"cap", "[!]CAP", "leave this capability, or with '!' take it away; repeatable"},
    {"flag", "FLAG", "lock, private, nproc, sched, fakeinit, ulimit; repeatable"},
    {"hostname", "NAME", "the host name inside"},
    {"domainname", "NAME", "the NIS domain name inside; 'none' for none"},
    {"disconnect", "", "leave the command alone, in a session of its own"},
    {"silent", "", "do not say the context's number"},
    {"show", "", "show the context of the caller, or of process PID"},
    {"json", "", "with --show: one JSON document"},
};

constexpr Tool kTool{
    Kind::runner, "chcontext", "[OPTION]... COMMAND [ARG...]\n       chcontext --show [--json] [PID]",
    "Run a command in a new security context: it sees and signals only its own\nprocesses, and System V IPC of its own. All that it starts is inside too,\nand cannot get out. The context lives until its last process ends.\n",
    kOptions};

Result<std::uint32_t> areas_of(const Line& line) {
    auto list = line.value("areas");
    if (!list) return VSERVER_AREA_DEFAULT;
    std::uint32_t areas = 0;
    for (auto word : base::split(*list, ',')) {
        const int bit = vserver_area(std::string(word).c_str());
        if (bit < 0) return fail(Code::usage, "{}", vserver_message());
        areas |= static_cast<std::uint32_t>(bit);
    }
    return areas;
}

Result<std::uint32_t> flags_of(const Line& line) {
    std::uint32_t flags = 0;
    for (const auto& name : line.values("flag")) {
        const int bit = vserver_flag(name.c_str());
        if (bit < 0) return fail(Code::usage, "{}", vserver_message());
        flags |= static_cast<std::uint32_t>(bit);
    }
    return flags;
}

/// The strings of the command line, for as long as the structure that points to them.
struct Strings {
    std::string hostname, domainname, choice;
    std::vector<std::string> command;
    std::vector<char*> argv;
};

Result<vserver_context> context_of(const Line& line, Strings& strings) {
    vserver_context context = VSERVER_INIT_CONTEXT;
    context.areas = TRY(areas_of(line));
    context.flags = TRY(flags_of(line));
    const auto start = line.has("secure") ? vserver_secure_capabilities() : vserver_all_capabilities();
    context.capabilities = TRY(with_capabilities(start, line.values("cap")));
    strings.hostname = line.value("hostname").value_or("");
    strings.domainname = line.value("domainname").value_or("");
    if (strings.domainname == "none") strings.domainname = "(none)";
    if (!strings.hostname.empty()) context.hostname = strings.hostname.c_str();
    if (!strings.domainname.empty()) context.domainname = strings.domainname.c_str();
    strings.choice = line.value("ctx").value_or("");
    if (line.has("ctx")) context.name = strings.choice.c_str();
    if (line.has("disconnect")) context.how = VSERVER_RUN_DETACHED;
    strings.command = line.rest;
    for (auto& word : strings.command) strings.argv.push_back(word.data());
    strings.argv.push_back(nullptr);
    return context;
}

void announce(std::uint64_t number, void*) { std::fputs(fmt::format("New security context is {}\n", number).c_str(), stderr); }

std::string flag_words(std::uint32_t flags) {
    std::string words;
    for (std::uint32_t bit = 1; bit != 0; bit <<= 1)
        if (const char* name = vserver_flag_name(bit); name != nullptr && (flags & bit) != 0)
            words += (words.empty() ? "" : ", ") + std::string(name);
    return words.empty() ? "none" : words;
}

/// "?" where only root is told.
std::string address_words(pid_t pid) {
    char text[1024] = "";
    const auto length = vserver_addresses_of(pid, text, sizeof text);
    return length < 0 ? "?" : length == 0 ? "all" : text;
}

std::string context_text(const vserver_process& process) {
    return fmt::format("context      {}\nname         {}\nkind         {}\nflags        {}\nceiling      {}\nno_new_privs {}\naddresses    {}\n",
                       process.kind == VSERVER_KIND_HIDDEN ? "?" : std::to_string(process.context), process.name[0] != 0 ? process.name : "-",
                       kind_word(process.kind), flag_words(process.context_flags), capability_words(process.bounding),
                       (process.flags & VSERVER_PROCESS_NO_NEW_PRIVS) != 0 ? "yes" : "no", address_words(process.pid));
}

int show(const Line& line) {
    auto process = examine_asked(line);
    if (!process) return say(kTool, process.error().message()), 1;
    std::fputs((line.has("json") ? process_json(*process) + "\n" : context_text(*process)).c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : 1;
}

int run(const Line& line) {
    if (line.has("show")) return show(line);
    if (line.rest.empty()) return refuse(kTool, Error{Code::usage, 0, "which command? See 'chcontext --help'", {}});
    Strings strings;
    auto context = context_of(line, strings);
    if (!context) return refuse(kTool, context.error());
    if (!line.has("silent") && (context->areas & VSERVER_AREA_PROC) != 0) context->announce = announce;
    const int status = vserver_run_command(&*context, strings.argv.data());
    return status < 0 ? refuse(kTool) : status;
}

}  // namespace

}  // namespace vs::tools

int main(int argc, char** argv) { return vs::tools::run_tool(vs::tools::kTool, argc, argv, vs::tools::run); }
