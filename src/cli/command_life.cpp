// start, stop, restart

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/select.hpp"
#include "server/start.hpp"
#include "server/stop.hpp"

namespace vs::cli {

namespace {

/// A server that is not there needs no more words than that.
template <typename T>
Result<T> explain(Result<T> result, std::string_view verb, const model::ServerName& name) {
    if (result || result.error().code == Code::no_such_server) return result;
    return std::unexpected<Error>(base::with_context(std::move(result).error(), fmt::format("cannot {} '{}'", verb, name.text())));
}

Result<server::StopOptions> stop_options(const Invocation& line) {
    server::StopOptions options;
    if (line.has(Opt::kill)) options.manner = server::StopManner::kill;
    if (!line.has(Opt::timeout)) return options;
    options.timeout = base::parse_duration(line.value(Opt::timeout));
    if (!options.timeout) return fail(Code::usage, "--timeout: '{}' is not a time such as 30s or 5m", line.value(Opt::timeout));
    return options;
}

Result<std::string> start_one(const storage::Store& store, const model::ServerName& name) {
    auto report = TRY(server::start_server(store, name));
    for (const auto& note : report.notes) remark(fmt::format("'{}' is started, but: {}", name.text(), note));
    return fmt::format("started (context {})", report.state.number.context());
}

Result<std::string> stop_one(const storage::Store& store, const model::ServerName& name, const server::StopOptions& options) {
    auto report = TRY(server::stop_server(store, name, options));
    for (const auto& note : report.notes) remark(fmt::format("'{}' is stopped, but: {}", name.text(), note));
    bool was_asked = options.manner == server::StopManner::graceful;
    return std::string(report.killed && was_asked ? "stopped (killed: its init did not end in time)" : "stopped");
}

Result<std::string> restart_one(const storage::Store& store, const model::ServerName& name, const server::StopOptions& options) {
    auto server = TRY(server::load_server(store, name.text()));  // what could not be started again is not stopped
    auto stopped = stop_one(store, server.name, options);
    if (!stopped && stopped.error().code != Code::not_running) return stopped;
    return start_one(store, server.name);
}

Result<int> describe_starts(const storage::Store& store, const Invocation& line) {
    for (const auto& name : TRY(chosen_servers(store, line))) {
        auto server = TRY(server::load_server(store, name.text()));
        for (const auto& step : TRY(server::describe_start(store, server))) print(fmt::format("{}: {}\n", server.name.text(), step));
    }
    return 0;
}

/// With --all a verb is about those that it means something for: nobody wants to hear that the others are stopped already.
Result<Invocation> narrow(const storage::Store& store, Invocation line, std::optional<Runs> meant) {
    if (line.selector != Selector::all || !meant) return line;
    line.names = TRY(names_by(store, *meant));
    line.selector = Selector::named;
    return line;
}

using ActOnOne = std::function<Result<std::string>(const storage::Store&, const model::ServerName&)>;

/// Does it to each chosen server that is there.
Result<int> for_each_existing(const Invocation& line, std::optional<Runs> meant, const ActOnOne& act) {
    auto store = TRY(storage::Store::open());
    auto chosen = TRY(narrow(store, line, meant));
    return for_each_server(store, chosen, [&](const model::ServerName& name) -> Result<std::string> {
        auto existing = TRY(explain(existing_server(store, name), line.verb->name, name));
        return explain(act(store, existing), line.verb->name, existing);
    });
}

}  // namespace

Result<int> start(const Invocation& line) {
    if (line.has(Opt::dry_run)) return describe_starts(TRY(storage::Store::open()), line);
    return for_each_existing(line, Runs::no, start_one);
}

Result<int> stop(const Invocation& line) {
    auto options = TRY(stop_options(line));
    return for_each_existing(line, Runs::yes, [&](const auto& store, const auto& name) { return stop_one(store, name, options); });
}

Result<int> restart(const Invocation& line) {
    auto options = TRY(stop_options(line));
    return for_each_existing(line, std::nullopt, [&](const auto& store, const auto& name) { return restart_one(store, name, options); });
}

}  // namespace vs::cli
