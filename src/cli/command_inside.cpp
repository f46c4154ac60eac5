// enter, exec, suexec, passwd

#include <fcntl.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/select.hpp"
#include "server/enter.hpp"
#include "sys/fd.hpp"
#include "sys/file.hpp"
#include "sys/terminal.hpp"

namespace vs::cli {

namespace {

using server::EnterRequest;
using server::TerminalUse;

constexpr sys::FdRef kInput{0};

Result<int> run_request(const Invocation& line, const EnterRequest& request) {
    auto store = TRY(storage::Store::open());
    auto server = TRY(server::load_server(store, line.names[0].text()));
    TRY(finish_output());
    return server::run_inside(store, server, request);
}

/// What exec and suexec have in common; the user and the command are theirs.
Result<EnterRequest> read_request(const Invocation& line) {
    EnterRequest request;
    request.directory = line.value(Opt::directory);
    if (line.has(Opt::directory) && !request.directory.starts_with('/')) return fail(Code::usage, "--directory: '{}' is not an absolute path", request.directory);
    request.environment = line.values(Opt::environment);
    for (const auto& variable : request.environment)
        if (variable.find('=') == std::string::npos || variable[0] == '=') return fail(Code::usage, "--environment: '{}' is not KEY=VALUE", variable);
    bool always = line.has(Opt::terminal), never = line.has(Opt::no_terminal);
    if (always && never) return fail(Code::usage, "-t and -T exclude each other");
    if (always || never) request.terminal = always ? TerminalUse::always : TerminalUse::never;
    return request;
}

/// One line of input, as a program that pipes it to us sends it.
Result<std::string> read_password() {
    constexpr std::size_t kLongest = 1024;
    auto text = TRY_WITH(sys::read_all(kInput, kLongest), "read the password");
    if (text.ends_with('\n')) text.pop_back();
    if (text.empty()) return fail(Code::usage, "the password on standard input is empty");
    if (base::escape_control(text) != text) return fail(Code::usage, "the password on standard input is more than one line of text");
    return text;
}

/// chpasswd(8) inside takes "USER:PASSWORD" as its input: the password is in no argument and no environment.
Result<int> change_by_input(const Invocation& line, const std::string& user) {
    if (user.find_first_of(":\n") != std::string::npos) return fail(Code::usage, "'{}' is not a user", user);
    auto password = TRY(read_password());
    auto pipe = TRY(sys::make_pipe());
    TRY(sys::write_all(pipe.write, fmt::format("{}:{}\n", user, password)));
    pipe.write.reset();
    TRY(sys::inherit_as(pipe.read, kInput.get()));
    pipe.read.reset();
    return run_request(line, {.command = {"chpasswd"}, .user = "root", .directory = {}, .environment = {}, .terminal = TerminalUse::never});
}

}  // namespace

Result<int> enter(const Invocation& line) {
    EnterRequest request;
    if (!line.arguments.empty()) request.user = line.arguments[0];
    return run_request(line, request);
}

Result<int> exec(const Invocation& line) {
    auto request = TRY(read_request(line));
    if (line.has(Opt::user)) request.user = line.value(Opt::user);
    request.command = line.arguments;
    return run_request(line, request);
}

Result<int> suexec(const Invocation& line) {
    auto request = TRY(read_request(line));
    request.user = line.arguments[0];
    request.command.assign(line.arguments.begin() + 1, line.arguments.end());
    return run_request(line, request);
}

Result<int> passwd(const Invocation& line) {
    auto user = line.arguments.empty() ? std::string("root") : line.arguments[0];
    if (user.empty() || user[0] == '-') return fail(Code::usage, "'{}' is not a user", user);
    TRY(existing_server(TRY(storage::Store::open()), line.names[0]));  // before anybody types anything
    bool asks = sys::is_terminal(kInput);
    EnterRequest request;
    request.command = {"passwd", user};
    request.terminal = TerminalUse::always;
    int status = asks ? TRY(run_request(line, request)) : TRY(change_by_input(line, user));
    if (status != 0) return fail(Code::failed, "'{}' inside '{}' ended with status {}", asks ? "passwd" : "chpasswd", line.names[0].text(), status);
    print(fmt::format("{}: password of '{}' changed\n", line.names[0].text(), user));
    return 0;
}

}  // namespace vs::cli
