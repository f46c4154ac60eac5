#include "guard/story.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "server/enter.hpp"

namespace vs::guard {

namespace {

constexpr int kCannotRun = 126;

using Command = std::vector<std::string>;

/// What the first command says that the server has and that says anything. One that runs and says nothing, whatever its
/// status, has answered too: that there is nothing.
Result<std::string> ask(const server::Server& server, const std::vector<Command>& commands) {
    bool answered = false;
    for (const auto& command : commands) {
        server::EnterRequest request{.command = command, .user = "root", .directory = "/", .environment = {}, .terminal = server::TerminalUse::never};
        auto answer = TRY(server::capture_inside(server, request, {}));
        if (answer.status == 0 || !answer.output.empty()) return answer.output;
        answered = answered || answer.status < kCannotRun;
    }
    if (answered) return std::string();
    return fail(Code::unsupported, "the server has no {} that runs", commands.front()[0]);
}

std::vector<std::string_view> words_of(std::string_view line) {
    auto words = base::split(line, ' ');
    std::erase(words, std::string_view());
    return words;
}

template <typename Parse>
auto told(Story& story, std::string_view what, const Result<std::string>& answer, Parse parse) -> std::optional<decltype(parse(std::string_view()))> {
    if (answer) return parse(*answer);
    story.silent.push_back({std::string(what), answer.error().message()});
    return std::nullopt;
}

/// Every tool that it has: its administrator may use either.
void ask_for_ports(const server::Server& server, Story& story) {
    for (const auto& command : {Command{"ss", "-H", "-a", "-n", "-t", "-u"}, Command{"netstat", "-a", "-n", "-t", "-u"}}) {
        auto answer = ask(server, {command});
        if (answer) story.ports[command[0]] = parse_ports(*answer);
        else if (answer.error().code != Code::unsupported) story.silent.push_back({command[0], answer.error().message()});
    }
    if (story.ports.empty() && story.silent.empty()) story.silent.push_back({"ss", "the server has neither ss nor netstat"});
}

}  // namespace

Pids parse_pids(std::string_view text) {
    Pids pids;
    for (auto line : base::split(text, '\n')) {
        auto words = words_of(line);
        auto pid = words.empty() ? std::nullopt : base::parse_number(words[0]);
        if (pid && *pid <= INT32_MAX) pids.insert(static_cast<pid_t>(*pid));
    }
    return pids;
}

Ports parse_ports(std::string_view text) {
    Ports ports;
    for (auto line : base::split(text, '\n')) {
        auto words = words_of(line);
        const bool tcp = !words.empty() && words[0].starts_with("tcp"), udp = !words.empty() && words[0].starts_with("udp");
        // A datagram socket that is connected is no listener to them, but it receives.
        if (!udp && !(tcp && std::ranges::find(words, "LISTEN") != words.end())) continue;
        auto address = std::find_if(words.begin() + 1, words.end(), [](auto word) { return word.find(':') != std::string_view::npos; });
        if (address == words.end()) continue;
        auto port = base::parse_number(address->substr(address->rfind(':') + 1));
        if (port) ports.insert(fmt::format("{} {}", words[0].substr(0, 3), *port));
    }
    return ports;
}

Names parse_names(std::string_view text, const std::vector<std::string>& directories) {
    Names names;
    std::set<std::string, std::less<>> asked(directories.begin(), directories.end());
    std::set<std::string>* current = nullptr;
    for (auto line : base::split(text, '\n')) {
        bool heading = line.ends_with(':') && asked.contains(line.substr(0, line.size() - 1));
        if (heading) current = &names[std::string(line.substr(0, line.size() - 1))];
        else if (current != nullptr && !line.empty()) current->emplace(line);
    }
    return names;
}

Story listen_to(const server::Server& server, const std::vector<std::string>& directories) {
    Story story;
    story.ps = told(story, "ps", ask(server, {{"ps", "-e", "-o", "pid="}, {"ps", "-o", "pid"}}), parse_pids);
    story.proc = told(story, "ls", ask(server, {{"ls", "-1", "/proc"}}), parse_pids);
    ask_for_ports(server, story);
    Command list = {"ls", "-1a", "--"};
    list.insert(list.end(), directories.begin(), directories.end());
    auto parse = [&](std::string_view text) { return parse_names(text, directories); };
    if (directories.size() > 1) story.names = told(story, "ls", ask(server, {list}), parse);
    return story;
}

}  // namespace vs::guard
