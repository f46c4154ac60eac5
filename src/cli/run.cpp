#include "cli/run.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "server/registry.hpp"
#include "server/stop.hpp"
#include "sys/host.hpp"
#include "sys/process.hpp"

namespace vs::cli {

namespace {

using Words = std::vector<std::string>;

constexpr int kOurFailure = 125;  // of a verb whose status is that of a command

bool server_exists(const std::string& word) {
    auto found = server::find_name(word);
    return found && found->has_value();
}

Result<> require_superuser() {
    if (sys::is_superuser()) return {};
    return fail(Code::denied, "only root may do this; try 'sudo vserver'");
}

Result<int> dispatch(const Invocation& line) {
    switch (line.verb->id) {
        case VerbId::build: return build(line);
        case VerbId::delete_: return delete_servers(line);
        case VerbId::images: return images(line);
        case VerbId::start: return start(line);
        case VerbId::stop: return stop(line);
        case VerbId::restart: return restart(line);
        case VerbId::list: return list(line);
        case VerbId::status: return status(line);
        case VerbId::running: return running(line);
        case VerbId::config: return config(line);
        case VerbId::check: return check(line);
        case VerbId::logs: return logs(line);
        case VerbId::enter: return enter(line);
        case VerbId::exec: return exec(line);
        case VerbId::suexec: return suexec(line);
        case VerbId::passwd: return passwd(line);
        case VerbId::files: return files(line);
        case VerbId::mount: return mount(line);
        case VerbId::umount: return umount(line);
        case VerbId::scan: return scan(line);
        case VerbId::accept: return accept(line);
        case VerbId::crossview: return crossview(line);
        case VerbId::guard_watch: return guard_watch(line);
        case VerbId::secure_host: return secure_host(line);
        case VerbId::doctor: return doctor(line);
        case VerbId::repair: return repair(line);
        case VerbId::host_service: return host_service(line);
        case VerbId::shield: return shield(line);
    }
    return fail(Code::usage, "'{}' cannot be done", line.verb->name);
}

Result<int> perform(const Invocation& line) {
    if (line.has(Opt::help)) {
        print(verb_help(*line.verb));
        return 0;
    }
    TRY(require_superuser());
    auto status = dispatch(line);
    // Whoever asked for a document gets one.
    if (!status && line.has(Opt::json)) print(json_error(status.error()));
    return status;
}

int failure_status(const Error& error, const Verb* verb) {
    bool of_command = verb != nullptr && verb->status == Status::command;
    return of_command ? kOurFailure : base::exit_status(error.code);
}

/// The end of every program: the error once, and the status.
int end(Result<int> status, const Verb* verb) {
    auto written = finish_output();
    if (!written && status) status = std::unexpected<Error>(written.error());
    if (status) return *status;
    complain(status.error());
    return failure_status(status.error(), verb);
}

/// What the keeper calls when the init of a server has ended. Nobody sees what it prints.
int init_ended(const Words& words) {
    auto ended = [&]() -> Result<> {
        TRY(require_superuser());
        auto generation = words.size() == 4 ? base::parse_number(words[2]) : std::nullopt;
        if (!generation || *generation > UINT32_MAX) return fail(Code::usage, "--init-ended NAME GENERATION HOW");
        auto name = TRY(model::ServerName::parse(words[1]));
        auto store = TRY(storage::Store::open());
        TRY_WITH(server::init_ended(store, name, static_cast<std::uint32_t>(*generation), words[3]),
                 "after the end of the init of '{}' ({})", name.text(), words[3]);
        return {};
    }();
    if (ended) return 0;
    sys::log_error("vserver", ended.error().message());
    return base::exit_status(ended.error().code);
}

struct Special {
    std::string_view word;
    std::string (*text)();
};
std::string version() { return "vserver " VSERVER_VERSION "\n"; }
constexpr Special kSpecials[] = {{"--help", general_help}, {"-h", general_help}, {"help", general_help},
                                 {"--version", version}, {"--complete", bash_completion}};

}  // namespace

int run_vserver(const Words& words) {
    if (!words.empty() && words[0] == "--init-ended") return init_ended(words);
    if (words.size() == 1)
        for (const auto& special : kSpecials)
            if (words[0] == special.word) {
                print(special.text());
                return end(0, nullptr);
            }
    auto line = parse(words, server_exists);
    if (!line) return end(std::unexpected<Error>(line.error()), verb_of(words, server_exists));
    return end(perform(*line), line->verb);
}

}  // namespace vs::cli
