// guard

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "cli/command_guard.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "guard/watch.hpp"

namespace vs::cli {

namespace {

using json = nlohmann::ordered_json;

std::string alert_line(const guard::Alert& alert) {
    auto subject = alert.server.empty() ? std::string("watch") : alert.server;
    auto text = fmt::format("{} {}: {}: {}{}{}", alert.when, subject, alert.kind, alert.sentence, alert.who.empty() ? "" : "; by ", alert.who);
    return base::escape_control(text) + "\n";  // a reason comes from the surveyor, which has read what a guest wrote
}

Result<int> watch(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    auto notifier = TRY(guard::Notifier::open(line.value(Opt::command)));
    guard::WatchOptions options;
    if (line.has(Opt::budget)) options.bytes_per_hour = TRY(budget_of(line));
    options.told = [](const guard::Alert& alert) {
        print(alert_line(alert));
        (void)finish_output();
    };
    TRY(guard::watch(store, notifier, options));
    return 0;
}

Result<int> show_alerts(const Invocation& line) {
    auto status = TRY(guard::watch_status());
    if (!line.has(Opt::json)) {
        print(status.runs ? "guard watch runs\n" : "guard watch does not run\n");
        for (const auto& alert : status.alerts) print(alert_line(alert));
    } else {
        auto alerts = json::array();
        for (const auto& alert : status.alerts)
            alerts.push_back({{"when", alert.when}, {"server", alert.server}, {"kind", alert.kind}, {"sentence", alert.sentence}, {"who", alert.who}});
        print(json({{"runs", status.runs}, {"alerts", alerts}}).dump(2, ' ', false, json::error_handler_t::replace) + "\n");
    }
    return status.runs ? 0 : base::exit_status(Code::not_running);
}

}  // namespace

Result<int> guard_watch(const Invocation& line) {
    const auto& what = line.arguments[0];
    if (what == "watch") return watch(line);
    if (what == "status") return show_alerts(line);
    return fail(Code::usage, "unexpected '{}': vserver guard {}", what, line.verb->arguments);
}

}  // namespace vs::cli
