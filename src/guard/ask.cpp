#include "guard/ask.hpp"

#include <span>

#include "base/text.hpp"
#include "sys/random.hpp"

namespace vs::guard {

namespace {

constexpr int kCannotRun = 126;

using Command = std::vector<std::string>;

struct Question {
    Command command;
    std::size_t column = 0;  ///< where a line of the answer has the pid
};
/// The same as text, so that a table of them costs a program that asks nothing nothing at its start.
struct Phrase {
    std::string_view words;  ///< one blank between them
    std::size_t column = 0;
};

// All of one line say the same. No column before the pid can hold what a process chose for itself.
constexpr Phrase kPs[] = {{"ps -e -o pid="}, {"ps -A -o pid="},  {"ps -e"},     {"ps -A"},           {"ps ax"},      {"ps aux", 1},
                          {"ps -ef", 1},     {"ps -eo pid,ppid"}, {"ps -eF", 1}, {"ps axo pid,tty"}, {"ps -Ao pid"}, {"ps -efww", 1}};
constexpr Phrase kBusyboxPs[] = {{"ps -o pid"}, {"ps -o pid,user"}, {"ps"}};
constexpr Phrase kProc[] = {{"ls -1 /proc"}, {"ls /proc"}, {"ls -A /proc"}, {"ls -1a /proc"}};
constexpr Phrase kSs[] = {{"ss -H -a -n -t -u"}, {"ss -antu"}, {"ss -tuan"}, {"ss -antup"}};
constexpr Phrase kNetstat[] = {{"netstat -a -n -t -u"}, {"netstat -antu"}, {"netstat -tuan"}};
constexpr Phrase kNames[] = {{"ls -1a --"}, {"ls -a --"}, {"ls -A --"}, {"ls -1A --"}};

Result<Question> any_of(std::span<const Phrase> phrases) {
    auto chance = static_cast<unsigned char>(TRY(sys::random_bytes(1))[0]);
    const auto& phrase = phrases[chance % phrases.size()];
    const auto words = base::split(phrase.words, ' ');
    return Question{Command(words.begin(), words.end()), phrase.column};
}

struct Answer {
    std::string text;
    std::size_t column = 0;
};
/// What the first command says that the server has and that says anything. One that runs and says nothing, whatever its
/// status, has answered too: that there is nothing.
Result<Answer> ask(const server::Server& server, const std::vector<Question>& questions, const server::CaptureLimits& limits) {
    bool answered = false;
    for (const auto& question : questions) {
        server::EnterRequest request{.command = question.command, .user = "root", .directory = "/", .environment = {}, .terminal = server::TerminalUse::never};
        auto answer = TRY(server::capture_inside(server, request, limits));
        if (answer.status == 0 || !answer.output.empty()) return Answer{std::move(answer.output), question.column};
        answered = answered || answer.status < kCannotRun;
    }
    if (answered) return Answer();
    return fail(Code::unsupported, "the server has no {} that runs", questions.front().command[0]);
}

}  // namespace

Result<> ask_for_processes(const server::Server& server, const server::CaptureLimits& limits, Testimony& testimony) {
    auto procps = TRY(any_of(kPs)), busybox = TRY(any_of(kBusyboxPs));
    auto ps = ask(server, {std::move(procps), std::move(busybox)}, limits);
    TRY(ps ? testimony.add(Piece::ps, std::to_string(ps->column), ps->text) : testimony.add(Piece::silent, "ps", ps.error().message()));
    auto proc = ask(server, {TRY(any_of(kProc))}, limits);
    return proc ? testimony.add(Piece::proc, "", proc->text) : testimony.add(Piece::silent, "ls", proc.error().message());
}

/// Every tool that it has: its administrator may use either.
Result<> ask_for_ports(const server::Server& server, const server::CaptureLimits& limits, Testimony& testimony) {
    bool heard = false;
    const auto ss = TRY(any_of(kSs)), netstat = TRY(any_of(kNetstat));
    for (const auto& tool : {ss, netstat}) {
        auto answer = ask(server, {tool}, limits);
        if (!answer && answer.error().code == Code::unsupported) continue;
        heard = true;
        TRY(answer ? testimony.add(Piece::ports, tool.command[0], answer->text) : testimony.add(Piece::silent, tool.command[0], answer.error().message()));
    }
    return heard ? Result<>() : testimony.add(Piece::silent, "ss", "the server has neither ss nor netstat");
}

Rounds in_rounds(const std::vector<std::string>& directories) {
    constexpr std::size_t kMostBytes = 96 << 10, kMostRounds = 16;  // of a command line; each round is a process inside
    Rounds plan;
    std::size_t size = kMostBytes;
    for (const auto& directory : directories) {
        size += directory.size() + 1;
        if (size > kMostBytes) {
            if (plan.rounds.size() == kMostRounds) return {std::move(plan.rounds), static_cast<std::size_t>(&directories.back() - &directory) + 1};
            plan.rounds.emplace_back(plan.rounds.empty() ? Command() : Command{"/"});  // two at least
            size = directory.size() + 1;
        }
        plan.rounds.back().push_back(directory);
    }
    return plan;
}

Result<> ask_for_names(const server::Server& server, const std::vector<std::string>& directories, Testimony& testimony) {
    auto plan = in_rounds(directories);
    for (const auto& directory : directories) TRY(testimony.add(Piece::asked, directory, ""));
    for (const auto& round : plan.rounds) {
        auto question = TRY(any_of(kNames));
        question.command.insert(question.command.end(), round.begin(), round.end());
        auto answer = ask(server, {question}, {});
        TRY(answer ? testimony.add(Piece::told, "", answer->text) : testimony.add(Piece::silent, "ls", answer.error().message()));
    }
    if (plan.left_out == 0) return {};
    return testimony.add(Piece::silent, "ls", fmt::format("{} directories of the server's own are more than it is asked for", plan.left_out));
}

}  // namespace vs::guard
