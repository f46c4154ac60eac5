// vkill(8): sends a signal to processes in whatever context they are.

#include <csignal>
#include <cstring>

#include "base/text.hpp"
#include "programs/tools/annotate.hpp"

namespace vs::tools {

namespace {

constexpr Option kOptions[] = {
    {"signal", "SIGNAL", "by number or name: TERM"},
    {"ctx", "N|NAME", "only a process that is in this context"},
};
constexpr Tool kTool{Kind::watcher, "vkill", "[--signal SIGNAL] [--ctx N|NAME] PID...",
                     "Send a signal to processes, in whatever context they are. A number that has\nbecome another process's meanwhile is refused.\n", kOptions};

Result<int> signal_of(std::string_view word) {
    if (auto number = base::parse_number(word); number && *number < NSIG) return static_cast<int>(*number);
    if (word.starts_with("SIG")) word.remove_prefix(3);
    for (int number = 1; number < NSIG; ++number)
        if (const char* name = ::sigabbrev_np(number); name != nullptr && word == name) return number;
    return fail(Code::usage, "there is no signal '{}'", word);
}

Result<> signal_one(const std::string& word, int signal, const std::optional<std::string>& only) {
    const auto pid = base::parse_number(word);
    if (!pid || *pid == 0 || *pid > INT32_MAX) return fail(Code::usage, "'{}' is no process", word);
    vserver_process process = VSERVER_INIT_PROCESS;
    if (vserver_examine(static_cast<pid_t>(*pid), &process) < 0) return fail(Code::not_running, "{}", vserver_message());
    const auto place = place_of(process);
    if (only && !is_in(place, *only))
        return fail(Code::denied, "process {} is not in context '{}': it is in {}{}", *pid, *only, place.number, place.name != "-" ? " (" + place.name + ")" : "");
    if (vserver_signal(&process, signal) < 0) return fail(Code::failed, "{}", vserver_message());
    return {};
}

int run(const Line& line) {
    auto signal = signal_of(line.value("signal").value_or("TERM"));
    if (!signal || line.rest.empty()) return say(kTool, signal ? "which process? See 'vkill --help'" : signal.error().message()), 2;
    int worst = 0;
    for (const auto& word : line.rest)
        if (auto sent = signal_one(word, *signal, line.value("ctx")); !sent) {
            say(kTool, sent.error().message());
            worst = std::max(worst, base::exit_status(sent.error().code));
        }
    return worst;
}

}  // namespace

}  // namespace vs::tools

int main(int argc, char** argv) { return vs::tools::run_tool(vs::tools::kTool, argc, argv, vs::tools::run); }
