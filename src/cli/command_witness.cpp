// logs witness, logs forward, logs --checkpoints: what leaves this machine of a log.

#include "base/text.hpp"
#include "cli/command_logs.hpp"
#include "cli/json.hpp"
#include "cli/log_view.hpp"
#include "cli/output.hpp"
#include "log/reader.hpp"
#include "log/syslog.hpp"
#include "log/witness.hpp"
#include "model/paths.hpp"
#include "sys/file.hpp"
#include "sys/tcp.hpp"
#include "sys/watch.hpp"

namespace vs::cli {

namespace {

constexpr sys::FdRef kInput{0};
constexpr std::size_t kMostPacket = 256 << 20;
constexpr std::uint8_t kUserNotice = 13, kDaemonWarning = 28;

Result<std::string> remembered(const std::string& file) {
    if (!TRY(sys::exists(sys::kHere, file))) return std::string();
    return sys::read_file(sys::kHere, file);
}

/// The file is replaced as one step, and only by a log that goes on from it.
Result<int> remember(const log::SignedNotes& notes, const log::VerificationKey& key, const std::string& file) {
    auto seen = TRY(log::witness(notes, key, TRY(remembered(file))));
    const auto slash = file.rfind('/');
    auto directory = TRY(sys::open_dir(sys::kHere, slash == std::string::npos ? "." : file.substr(0, slash + 1)));
    TRY(sys::replace_file(directory, file.substr(slash + 1), seen.note, 0600, sys::Durability::synced));
    print(fmt::format("{}: witnessed: {} records\n", seen.origin, seen.size));
    return 0;
}

/// As RFC 5424 has it; what only the host knows is in the structured data, where the sender cannot have put it.
std::string forwarded(const model::ServerName& name, const LogEntry& entry) {
    const bool by_host = entry.kind != log::Kind::text || entry.source == log::Source::host;
    log::SyslogHeader header;
    header.priority = static_cast<std::uint8_t>(entry.priority.value_or(by_host ? kDaemonWarning : kUserNotice));
    header.time = format_time(entry.realtime);
    header.host = name.text();
    header.tag = entry.tag.empty() ? std::string(source_name(entry.source)) : entry.tag;
    header.process = entry.process;
    header.data = fmt::format("[vserver@32473 server=\"{}\" source=\"{}\" sequence=\"{}\" uid=\"{}\"]", name.text(), source_name(entry.source),
                              entry.sequence, entry.uid);
    auto message = log::write_syslog(header, entry.text);
    return fmt::format("{} {}", message.size(), message);  // octet counting, RFC 6587
}

/// "192.0.2.1:6514", "[2001:db8::1]:6514"
Result<sys::SocketFd> connect_to(const std::string& text) {
    const auto colon = text.rfind(':');
    auto port = colon == std::string::npos ? std::nullopt : base::parse_number(std::string_view(text).substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return fail(Code::usage, "'{}' is no ADDRESS:PORT", text);
    auto address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    return sys::connect_tcp(address, static_cast<std::uint16_t>(*port));
}

}  // namespace

Result<int> print_checkpoints(const log::LogDirectory& directory) {
    auto machine = TRY(log::Machine::open(model::paths::kLogs));
    print(json_notes(TRY(log::collect_notes(machine, directory))));
    return 0;
}

Result<int> witness_packet(const Invocation& line) {
    if (!line.has(Opt::key)) return fail(Code::usage, "say with --key which machine is trusted: 'vserver logs init' shows its key there");
    const auto key = TRY(parse_key(line));
    auto notes = parse_notes(TRY_WITH(sys::read_all(kInput, kMostPacket), "read what 'logs --checkpoints' has printed"));
    if (!notes) return fail(Code::usage, "standard input is not what 'vserver NAME logs --checkpoints' prints");
    return remember(*notes, key, line.arguments[1]);
}

Result<int> witness_log(const Invocation& line, const log::LogDirectory& directory) {
    auto machine = TRY(log::Machine::open(model::paths::kLogs));
    const auto key = line.has(Opt::key) ? TRY(parse_key(line)) : machine.key();
    return remember(TRY(log::collect_notes(machine, directory)), key, line.arguments[1]);
}

Result<int> forward_log(const Invocation& line, const model::ServerName& name, const log::LogDirectory& directory) {
    const auto choice = TRY(choice_of(line));
    auto collector = TRY(connect_to(line.arguments[1]));
    Result<> sent;
    LogLines lines([&](const LogEntry& entry) {
        if (sent && choice.wants(entry)) sent = sys::send_all(collector, forwarded(name, entry));
    });
    auto watch = TRY(sys::DirWatch::open(directory.descriptor()));
    log::Reader reader(directory);
    for (;;) {
        TRY(reader.read([&](const log::Record& record) { lines.add(record); }));
        if (!sent) return std::unexpected<Error>(sent.error());
        TRY(watch.wait());
    }
}

}  // namespace vs::cli
