#include "cli/log_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.hpp"
#include "log/syslog.hpp"

namespace vs::cli {

namespace {

using std::chrono::nanoseconds;

constexpr std::size_t kMostLine = 65536;  // a guest that never ends its line gets one

std::string_view cause_name(log::Cause cause) {
    switch (cause) {
        case log::Cause::disk_full: return "disk full";
        case log::Cause::write_error: return "write error";
        case log::Cause::torn: return "the recorder was ended while it wrote";
        case log::Cause::rate: return "too many at once";
        case log::Cause::foreign: return "added while no recorder ran, and not kept";
    }
    return "";
}

std::string own_words(const log::Record& record) {
    auto gap = record.head.kind == log::Kind::gap ? log::read_gap(record.payload) : std::nullopt;
    if (gap) return fmt::format("{} records, {} bytes lost: {}", gap->records, gap->bytes, cause_name(gap->cause));
    auto found = record.head.kind == log::Kind::found ? log::read_found(record.payload) : std::nullopt;
    if (found) return fmt::format("the {} records before were not sealed when their recorder was ended", found->records);
    if (record.head.kind == log::Kind::begin) return "recording begins";
    if (record.head.kind == log::Kind::end) return "recording ends: the server has ended";
    return std::string(record.payload);
}

LogEntry entry_of(const log::Record& record, std::string text) {
    LogEntry entry;
    entry.sequence = record.head.sequence;
    entry.realtime = record.head.realtime;
    entry.boot = record.head.boot;
    entry.kind = record.head.kind;
    entry.source = record.head.source;
    entry.pid = record.head.claimed_pid;
    entry.uid = record.head.claimed_uid;
    entry.text = std::move(text);
    return entry;
}

/// What a message says of itself.
void interpret(LogEntry& entry) {
    const auto all = std::exchange(entry.text, "");
    auto message = log::parse_syslog(all);
    if (message.priority) entry.priority = *message.priority;
    entry.tag = message.tag;
    entry.process = message.process;
    entry.claimed_time = message.time;
    entry.text = message.text;
}

/// The host's own records matter to everybody.
unsigned severity_of(const LogEntry& entry) {
    constexpr unsigned kWarning = 4, kDebug = 7;
    if (entry.kind != log::Kind::text || entry.source == log::Source::host) return kWarning;
    return entry.priority ? *entry.priority % 8 : kDebug;
}

/// The number of `digits` digits that the text begins with, taken from it.
std::optional<unsigned> take(std::string_view& text, std::size_t digits) {
    auto number = text.size() < digits ? std::nullopt : base::parse_number(text.substr(0, digits));
    if (number) text.remove_prefix(digits);
    return number ? std::optional(static_cast<unsigned>(*number)) : std::nullopt;
}
bool take(std::string_view& text, std::string_view any_of) {
    bool there = !text.empty() && any_of.find(text[0]) != std::string_view::npos;
    if (there) text.remove_prefix(1);
    return there;
}

std::optional<std::chrono::sys_days> take_date(std::string_view& text) {
    auto year = take(text, 4);
    if (!year || !take(text, "-")) return std::nullopt;
    auto month = take(text, 2);
    if (!month || !take(text, "-")) return std::nullopt;
    auto day = take(text, 2);
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month), std::chrono::day(day.value_or(0))};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date);
}

/// ":MM" or ":SS", below sixty; nothing else.
std::optional<unsigned> take_sixtieth(std::string_view& text) {
    auto number = take(text, ":") ? take(text, 2) : std::nullopt;
    return number && *number < 60 ? number : std::nullopt;
}

std::optional<std::chrono::sys_seconds> parse_calendar(std::string_view text) {
    auto date = take_date(text);
    if (!date || text.empty()) return date;
    auto hour = take(text, "T ") ? take(text, 2) : std::nullopt;
    auto minute = hour && *hour < 24 ? take_sixtieth(text) : std::nullopt;
    if (!minute) return std::nullopt;
    auto second = text.starts_with(':') ? take_sixtieth(text) : std::optional(0U);
    take(text, "Z");
    if (!second || !text.empty()) return std::nullopt;
    return *date + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

/// A day that no record has, before the first of the clock or beyond its last (2262), is the nearest that it can have.
std::uint64_t nanoseconds_of(std::chrono::sys_seconds time) {
    constexpr auto kLast = std::chrono::floor<std::chrono::seconds>(nanoseconds::max());
    return static_cast<std::uint64_t>(nanoseconds(std::clamp(time.time_since_epoch(), std::chrono::seconds(0), kLast)).count());
}

}  // namespace

void LogLines::add(const log::Record& record) {
    const auto source = record.head.source;
    if (record.head.kind != log::Kind::text) {
        finish();
        return take_(entry_of(record, own_words(record)));
    }
    if (source == log::Source::console || source == log::Source::stream) return add_pieces(record);
    auto entry = entry_of(record, std::string(record.payload));
    if (source != log::Source::host) interpret(entry);
    take_(entry);
}

void LogLines::add_pieces(const log::Record& record) {
    const std::string_view ends = record.head.source == log::Source::console ? std::string_view("\n") : std::string_view("\n\0", 2);
    const Writer writer{record.head.source, record.head.claimed_pid};
    auto rest = record.payload;
    while (!rest.empty()) {
        auto& line = open_.try_emplace(writer, entry_of(record, "")).first->second;
        auto end = rest.find_first_of(ends);
        line.text += rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (end == std::string_view::npos && line.text.size() < kMostLine) continue;
        finish(line);
        open_.erase(writer);
    }
}

void LogLines::finish(LogEntry& entry) {
    if (entry.text.ends_with('\r')) entry.text.pop_back();
    if (entry.source == log::Source::stream) interpret(entry);
    take_(entry);
}

void LogLines::finish() {
    for (auto& [writer, entry] : open_) finish(entry);
    open_.clear();
}

bool LogChoice::wants(const LogEntry& entry) const {
    return entry.realtime >= since && entry.realtime <= until && (grep.empty() || entry.text.find(grep) != std::string::npos) &&
           (!priority || severity_of(entry) <= *priority);
}

Result<std::uint64_t> parse_time(std::string_view text, std::uint64_t now) {
    if (auto calendar = parse_calendar(text)) return nanoseconds_of(*calendar);
    auto ago = base::parse_duration(text);
    if (!ago) return fail(Code::usage, "'{}' is no time: say 2026-11-22T03:00:00, or 10m for ten minutes ago", text);
    constexpr std::uint64_t kMillisecond = 1'000'000;
    const auto milliseconds = static_cast<std::uint64_t>(ago->count());
    return milliseconds < now / kMillisecond ? now - milliseconds * kMillisecond : 0;
}

std::string format_time(std::uint64_t realtime) {
    const std::chrono::sys_time<nanoseconds> time{nanoseconds(static_cast<nanoseconds::rep>(realtime))};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(time - day));
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()), clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

std::string log_line(const LogEntry& entry) {
    const auto process = entry.process.empty() ? "" : fmt::format("[{}]", entry.process);
    const auto tag = entry.tag.empty() ? "" : base::escape_control(entry.tag + process) + ": ";
    return fmt::format("{} {}: {}{}\n", format_time(entry.realtime), source_name(entry.source), tag, base::escape_control(entry.text));
}

std::string_view source_name(log::Source source) {
    switch (source) {
        case log::Source::recorder: return "recorder";
        case log::Source::console: return "console";
        case log::Source::datagram: return "log";
        case log::Source::stream: return "stream";
        case log::Source::journal: return "journal";
        case log::Source::host: return "host";
    }
    return "";
}

std::string_view kind_name(log::Kind kind) {
    switch (kind) {
        case log::Kind::text: return "text";
        case log::Kind::gap: return "gap";
        case log::Kind::begin: return "begin";
        case log::Kind::end: return "end";
        case log::Kind::found: return "found";
    }
    return "";
}

}  // namespace vs::cli
