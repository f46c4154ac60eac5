// list, status, running, config, check

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/select.hpp"
#include "cli/tables.hpp"

namespace vs::cli {

namespace {

int not_running_status() { return base::exit_status(Code::not_running); }

bool runs(const server::ServerStatus& status) { return status.condition == server::Condition::running; }

/// 3 where one of them does not run, as the LSB has it, or what was worse.
int running_status(const Answers& answers, int worst) {
    bool all = std::all_of(answers.servers.begin(), answers.servers.end(), runs);
    return std::max(worst, all ? 0 : not_running_status());
}

}  // namespace

Result<int> list(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    auto answers = TRY(query_chosen(store, line));
    const int worst = complain_of(answers.errors);
    if (line.has(Opt::json)) print(json_servers(answers.servers, answers.errors));
    else list_table(answers.servers).print();
    return worst;
}

Result<int> status(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    auto answers = TRY(query_chosen(store, line));
    const int worst = complain_of(answers.errors);
    if (line.has(Opt::json)) print(json_servers(answers.servers, answers.errors));
    else
        for (std::size_t i = 0; i < answers.servers.size(); ++i) print((i == 0 ? "" : "\n") + status_text(answers.servers[i]));
    return running_status(answers, worst);
}

Result<int> running(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    auto answers = TRY(query_chosen(store, line));
    const int worst = complain_of(answers.errors);
    if (line.has(Opt::json)) print(json_servers(answers.servers, answers.errors));
    else
        for (const auto& status : answers.servers) print(fmt::format("{}: {}\n", status.name.text(), server::condition_name(status.condition)));
    return running_status(answers, worst);
}

Result<int> config(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    auto server = TRY(server::load_server(store, line.names[0].text()));
    print(line.has(Opt::json) ? json_settings(server.name, server.settings) : model::print_settings(server.settings, server.name));
    return 0;
}

Result<int> check(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    std::vector<Examination> examinations;
    std::vector<Error> errors;
    int worst = 0;
    for (const auto& name : TRY(chosen_servers(store, line))) {
        auto server = server::load_server(store, name.text());
        if (!server) {
            errors.push_back(server.error());
            complain(errors.back());
            worst = std::max(worst, base::exit_status(errors.back().code));
            continue;
        }
        examinations.push_back({server->name.text(), server::examine_server(store, *server)});
        if (!examinations.back().good()) worst = std::max(worst, base::exit_status(Code::failed));
        if (!line.has(Opt::json)) print(findings_text(examinations.back()));
    }
    if (line.has(Opt::json)) print(json_findings(examinations, errors));
    return worst;
}

}  // namespace vs::cli
