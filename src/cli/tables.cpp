#include "cli/tables.hpp"

#include "base/text.hpp"
#include "sys/host.hpp"

namespace vs::cli {

namespace {

constexpr std::string_view kUnknown = "-";

std::string or_dash(std::string text) { return text.empty() ? std::string(kUnknown) : std::move(text); }

std::string size_text(const std::optional<std::uint64_t>& bytes) { return bytes ? base::format_size(*bytes) : std::string(kUnknown); }

std::string count_text(const std::optional<std::uint64_t>& count) { return count ? std::to_string(*count) : std::string(kUnknown); }

std::string context_text(const server::ServerStatus& server) {
    return server.record ? std::to_string(server.record->number.context()) : std::string(kUnknown);
}

/// "1:02:03" and hundredths below an hour: "2:03.45".
std::string cpu_text(const std::optional<std::uint64_t>& microseconds) {
    if (!microseconds) return std::string(kUnknown);
    auto hundredths = *microseconds / 10'000, seconds = hundredths / 100;
    if (seconds < 3600) return fmt::format("{}:{:02}.{:02}", seconds / 60, seconds % 60, hundredths % 100);
    return fmt::format("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::string uptime_text(const server::ServerStatus& server) {
    auto age = server.run ? server::uptime(*server.run) : std::nullopt;
    return age ? format_age(*age) : std::string(kUnknown);
}

/// The addresses that it has now, or would have after a start.
std::vector<model::IpAddress> addresses_of(const server::ServerStatus& server) {
    if (server.run) return server.run->network.addresses;
    return server.settings ? server.settings->network.addresses : std::vector<model::IpAddress>{};
}

std::string address_text(const server::ServerStatus& server, std::string_view separator) {
    std::string text;
    for (const auto& address : addresses_of(server)) text += fmt::format("{}{}", text.empty() ? std::string_view{} : separator, address.text());
    return or_dash(std::move(text));
}

std::string state_text(const server::ServerStatus& server) {
    return server.problem.empty() ? std::string(server::condition_name(server.condition)) : fmt::format("{}, broken", server::condition_name(server.condition));
}

using Facts = std::vector<std::pair<std::string_view, std::string>>;

void add_run_facts(Facts& facts, const server::ServerStatus& server) {
    if (!server.run) return;
    facts.emplace_back("since", fmt::format("{} ({})", server.run->started, uptime_text(server)));
    facts.emplace_back("init", fmt::format("process {}, {}", server.run->init, or_dash(base::escape_control(server.run->init_path))));
    facts.emplace_back("memory", size_text(server.usage.memory_bytes));
    facts.emplace_back("processes", count_text(server.usage.processes));
    facts.emplace_back("cpu time", cpu_text(server.usage.cpu_microseconds));
}

Facts facts_of(const server::ServerStatus& server) {
    Facts facts = {{"state", std::string(server::condition_name(server.condition))}};
    if (!server.problem.empty()) facts.emplace_back("problem", server.problem);
    if (server.record) facts.emplace_back("context", context_text(server));
    add_run_facts(facts, server);
    if (!server.run && !server.last_end.empty()) facts.emplace_back("last end", base::escape_control(server.last_end));
    if (!server.run && !server.restart.empty()) facts.emplace_back("restart", server.restart);
    facts.emplace_back("addresses", address_text(server, ", "));
    if (server.settings) facts.emplace_back("host name", or_dash(server.settings->host_name));
    if (server.record) facts.emplace_back("image", server.record->image);
    if (server.record) facts.emplace_back("created", server.record->created);
    facts.emplace_back("settings", server::settings_path(server.name));
    return facts;
}

std::string_view mark(server::Grade grade) {
    switch (grade) {
        case server::Grade::good: return "ok  ";
        case server::Grade::notice: return "note";
        case server::Grade::bad: return "BAD ";
    }
    return "";
}

}  // namespace

Table list_table(const std::vector<server::ServerStatus>& servers) {
    Table table({{"NAME"}, {"CTX", Align::right}, {"STATE"}, {"UPTIME", Align::right}, {"ADDRESS"}, {"IMAGE"}});
    for (const auto& server : servers)
        table.add({server.name.text(), context_text(server), state_text(server), uptime_text(server), address_text(server, ","),
                   server.record ? server.record->image : std::string(kUnknown)});
    return table;
}

std::string status_text(const server::ServerStatus& server) {
    auto text = fmt::format("{}\n", server.name.text());
    for (const auto& [name, value] : facts_of(server)) text += fmt::format("  {:11}{}\n", name, value);
    return text;
}

Table stat_table(const std::vector<server::ServerStatus>& servers) {
    Table table({{"CTX", Align::right}, {"NAME"}, {"PROC", Align::right}, {"MEM", Align::right}, {"CPU", Align::right},
                 {"UPTIME", Align::right}, {"ADDRESS"}});
    for (const auto& server : servers)
        table.add({context_text(server), server.name.text(), count_text(server.usage.processes), size_text(server.usage.memory_bytes),
                   cpu_text(server.usage.cpu_microseconds), uptime_text(server), address_text(server, ",")});
    return table;
}

std::string findings_text(const Examination& examination) {
    auto prefix = examination.name.empty() ? std::string() : examination.name + ": ";
    std::string text;
    for (const auto& finding : examination.findings) {
        text += fmt::format("{}{} {:12} {}\n", prefix, mark(finding.grade), finding.subject, base::escape_control(finding.text));
        if (!finding.remedy.empty()) text += fmt::format("{}     {:12} -> {}\n", prefix, "", base::escape_control(finding.remedy));
    }
    return text;
}

std::string shield_text(const server::ShieldStatus& status) {
    if (!status.up) return "off: context 0 sees the processes of servers, and may signal, trace and enter them\n";
    std::string text = "on: only the door reaches the processes of servers\n";
    if (status.hidden) text += "hidden: ps and its like on the host do not show them\n";
    if (!status.is_door) text += "this vserver is not its door, for it was installed later: 'vserver shield on' again\n";
    return text;
}

std::string blinded_text(const server::Blinded& blinded) {
    std::string text;
    for (const auto& service : blinded.services) text += fmt::format("{} gets a /proc of its own, from its next start on\n", service);
    for (const auto& service : blinded.running) text += fmt::format("{} runs without one\n", service);
    for (const auto& process : blinded.others) {
        auto where = process.service.empty() ? "in no service" : "of " + process.service;
        text += fmt::format("process {} ({}), {}, cannot be given one\n", process.pid, base::escape_control(process.name), base::escape_control(where));
    }
    return text;
}

std::string hiding_text(const HidingReport& report) {
    std::string text = report.hidden ? "on: the machine's /proc shows processes only to who may trace them, which is nobody for those of servers\n"
                                     : "off: the machine's /proc shows the processes of servers\n";
    for (const auto& service : report.services) text += fmt::format("{} has a /proc of its own\n", service);
    return text + blinded_text(report.blinded);
}

}  // namespace vs::cli
