// logs

#include <chrono>

#include "cli/command_logs.hpp"
#include "cli/commands.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/select.hpp"
#include "log/export.hpp"
#include "log/machine.hpp"
#include "log/reader.hpp"
#include "log/syslog.hpp"
#include "log/verify.hpp"
#include "model/paths.hpp"
#include "sys/file.hpp"
#include "sys/watch.hpp"

namespace vs::cli {

namespace {

namespace paths = model::paths;

std::uint64_t now() {
    return static_cast<std::uint64_t>(std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count());
}

/// The boot of the last record.
Result<std::optional<log::BootId>> last_boot(const log::LogDirectory& directory) {
    std::optional<log::BootId> boot;
    TRY(log::Reader(directory).read([&](const log::Record& record) { boot = record.head.boot; }));
    return boot;
}

/// What was asked for, entry by entry; with --follow until the command is ended.
Result<> show(const Invocation& line, const log::LogDirectory& directory, const std::function<void(const LogEntry&)>& take) {
    const auto choice = TRY(choice_of(line));
    const auto boot = line.has(Opt::boot) ? TRY(last_boot(directory)) : std::nullopt;
    LogLines lines([&](const LogEntry& entry) {
        if (choice.wants(entry) && (!boot || entry.boot == *boot)) take(entry);
    });
    auto watch = TRY(sys::DirWatch::open(directory.descriptor()));
    log::Reader reader(directory);
    auto add = [&](const log::Record& record) { lines.add(record); };
    TRY(reader.read(add));
    while (line.has(Opt::follow)) {
        TRY(finish_output());
        TRY(watch.wait());
        TRY(reader.read(add));
    }
    lines.finish();
    return {};
}

Result<int> show_log(const Invocation& line, const model::ServerName& name, const log::LogDirectory& directory) {
    if (!line.has(Opt::json)) {
        TRY(show(line, directory, [](const LogEntry& entry) { print(log_line(entry)); }));
        return 0;
    }
    if (line.has(Opt::follow)) return fail(Code::usage, "--json prints one document when all is read; --follow never ends");
    std::vector<LogEntry> entries;
    TRY(show(line, directory, [&](const LogEntry& entry) { entries.push_back(entry); }));
    print(json_log(name, entries));
    return 0;
}

/// The key that vouches: the one that was kept elsewhere, or the machine's own word.
Result<log::VerificationKey> trusted_key(const Invocation& line, const log::Machine& machine) {
    if (!line.has(Opt::key)) return machine.key();
    return parse_key(line);
}

std::string verdict_text(const model::ServerName& name, const log::Verdict& verdict) {
    std::string text;
    for (const auto& finding : verdict.findings) text += fmt::format("{}: {}\n", name.text(), log::describe(finding));
    if (!verdict.good()) return text;
    if (verdict.sealed == 0) return fmt::format("{}: good: nothing was written yet\n", name.text());
    text = fmt::format("{}: good: records {} to {} are sealed, at {}", name.text(), verdict.first, verdict.sealed - 1, format_time(verdict.sealed_at));
    if (verdict.size > verdict.sealed) text += fmt::format("; {} are not sealed yet", verdict.size - verdict.sealed);
    if (verdict.rubbish > 0) text += fmt::format("; {} bytes after them are no record, and were not sealed", verdict.rubbish);
    if (verdict.gaps > 0) text += fmt::format("; {} records are counted as lost, in {} places", verdict.lost_records, verdict.gaps);
    if (verdict.found_unsealed > 0) text += fmt::format("; {} were not sealed yet when their recorder was ended", verdict.found_unsealed);
    return text + "\n";
}

Result<int> verify_log(const Invocation& line, const model::ServerName& name, const log::LogDirectory& directory) {
    auto machine = TRY(log::Machine::open(paths::kLogs));
    auto state = TRY(directory.seal());
    if (!state) return fail(Code::failed, "the log of '{}' has no usable key: whether it was altered cannot be told", name.text());
    if (!state->name().starts_with(fmt::format("vserver/{}/", name.text())))
        return fail(Code::failed, "what lies in the place of the log of '{}' is the log '{}'", name.text(), state->name());
    auto key = TRY(machine.key_of(state->name(), TRY(trusted_key(line, machine))));
    auto verdict = TRY(log::verify(directory, key));
    print(line.has(Opt::json) ? json_verdict(name, verdict) : verdict_text(name, verdict));
    return verdict.good() ? 0 : base::exit_status(Code::failed);
}

Result<int> init_logs() {
    auto machine = TRY(log::Machine::open(paths::kLogs));
    if (!TRY(machine.show_once()))
        return fail(Code::failed, "the verification key was shown once already: take it from where it was kept, for somebody may have replaced this one");
    print(machine.key().text() + "\n");
    remark("keep this key on another machine, or on paper: 'vserver NAME logs --verify --key KEY' needs it");
    return 0;
}

enum class Task { show, init, witness, forward };

Result<Task> task_of(const Invocation& line) {
    const auto& words = line.arguments;
    const bool named = !line.names.empty();
    if (words.empty() && named) return Task::show;
    if (words == std::vector<std::string>{"init"} && !named) return Task::init;
    if (words.size() == 2 && words[0] == "witness") return Task::witness;
    if (words.size() == 2 && words[0] == "forward" && named) return Task::forward;
    return fail(Code::usage, "say whose logs, or 'init': vserver NAME logs [witness FILE | forward ADDRESS:PORT], vserver logs init, vserver logs witness FILE");
}

}  // namespace

Result<LogChoice> choice_of(const Invocation& line) {
    LogChoice choice;
    if (line.has(Opt::since)) choice.since = TRY(parse_time(line.value(Opt::since), now()));
    if (line.has(Opt::until)) choice.until = TRY(parse_time(line.value(Opt::until), now()));
    choice.grep = line.value(Opt::grep);
    if (line.has(Opt::priority)) {
        choice.priority = log::parse_severity(line.value(Opt::priority));
        if (!choice.priority)
            return fail(Code::usage, "'{}' is no priority: emerg, alert, crit, err, warning, notice, info or debug", line.value(Opt::priority));
    }
    return choice;
}

Result<log::VerificationKey> parse_key(const Invocation& line) {
    auto key = log::VerificationKey::parse(line.value(Opt::key));
    if (!key) return fail(Code::usage, "'{}' is no verification key: 'vserver logs init' shows one", line.value(Opt::key));
    return *key;
}

Result<int> logs(const Invocation& line) {
    const auto task = TRY(task_of(line));
    if (task == Task::init) return init_logs();
    if (line.names.empty()) return witness_packet(line);
    auto store = TRY(storage::Store::open());
    auto name = TRY(existing_server(store, line.names[0]));
    const auto path = paths::kLogs + "/" + name.text();
    if (!TRY(sys::exists(sys::kHere, path))) return fail(Code::failed, "'{}' has no log yet: it was never started", name.text());
    auto directory = TRY(log::LogDirectory::open(path));
    if (task == Task::witness) return witness_log(line, directory);
    if (task == Task::forward) return forward_log(line, name, directory);
    if (line.has(Opt::verify)) return verify_log(line, name, directory);
    if (line.has(Opt::checkpoints)) return print_checkpoints(directory);
    if (!line.has(Opt::export_)) return show_log(line, name, directory);
    print(json_export(TRY(log::export_log(directory))));
    return 0;
}

}  // namespace vs::cli
