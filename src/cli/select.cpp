#include "cli/select.hpp"

#include <algorithm>

#include "cli/output.hpp"

namespace vs::cli {

Result<model::ServerName> existing_server(const storage::Store& store, const model::ServerName& name) {
    if (auto found = TRY(server::find_listed(name.text()))) return std::move(*found);
    TRY(server::load_server(store, name.text()));  // says which name was meant
    return name;
}

Result<std::vector<model::ServerName>> chosen_servers(const storage::Store& store, const Invocation& line) {
    if (line.selector == Selector::named) return line.names;
    if (line.selector == Selector::all) return server::list_names();
    return names_by(store, Runs::yes);
}

Result<std::vector<model::ServerName>> names_by(const storage::Store& store, Runs runs) {
    std::vector<model::ServerName> names;
    for (auto& name : TRY(server::list_names())) {
        auto status = server::query_server(store, name);
        if (!status || (status->condition == server::Condition::running) == (runs == Runs::yes)) names.push_back(std::move(name));
    }
    return names;
}

Result<int> for_each_server(const storage::Store& store, const Invocation& line, const Act& act) {
    int worst = 0;
    for (const auto& name : TRY(chosen_servers(store, line))) {
        auto outcome = act(name);
        if (outcome) print(fmt::format("{}: {}\n", name.text(), *outcome));
        else complain(outcome.error());
        if (!outcome) worst = std::max(worst, base::exit_status(outcome.error().code));
    }
    return worst;
}

int complain_of(const std::vector<Error>& errors) {
    int worst = 0;
    for (const auto& error : errors) complain(error), worst = std::max(worst, base::exit_status(error.code));
    return worst;
}

Result<Answers> query_chosen(const storage::Store& store, const Invocation& line) {
    Answers answers;
    for (const auto& name : TRY(chosen_servers(store, line))) {
        auto existing = existing_server(store, name);
        auto status = existing ? server::query_server(store, *existing) : Result<server::ServerStatus>(std::unexpected<Error>(existing.error()));
        if (status) answers.servers.push_back(std::move(*status));
        else answers.errors.push_back(status.error());
    }
    return answers;
}

}  // namespace vs::cli
