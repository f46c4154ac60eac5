#include "cli/log_view.hpp"

#include <fmt/format.h>

#include <chrono>

#include "base/text.hpp"

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
    }
    return "";
}

std::string own_words(const log::Record& record) {
    auto gap = record.head.kind == log::Kind::gap ? log::read_gap(record.payload) : std::nullopt;
    if (gap) return fmt::format("{} records, {} bytes lost: {}", gap->records, gap->bytes, cause_name(gap->cause));
    if (record.head.kind == log::Kind::begin) return "recording begins";
    if (record.head.kind == log::Kind::end) return "recording ends: the server has ended";
    return std::string(record.payload);
}

LogEntry entry_of(const log::Record& record, std::string text) {
    return {record.head.sequence, record.head.realtime, record.head.boot, record.head.kind, record.head.source, std::move(text)};
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

}  // namespace

void LogLines::add(const log::Record& record) {
    if (record.head.source == log::Source::console && record.head.kind == log::Kind::text) return add_console(record);
    finish();
    take_(entry_of(record, own_words(record)));
}

void LogLines::add_console(const log::Record& record) {
    auto rest = record.payload;
    while (!rest.empty()) {
        if (!open_) open_ = entry_of(record, "");
        auto end = rest.find('\n');
        open_->text += rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (end != std::string_view::npos || open_->text.size() >= kMostLine) finish();
    }
}

void LogLines::finish() {
    if (!open_) return;
    if (open_->text.ends_with('\r')) open_->text.pop_back();
    take_(*open_);
    open_.reset();
}

bool LogChoice::wants(const LogEntry& entry) const {
    return entry.realtime >= since && entry.realtime <= until && (grep.empty() || entry.text.find(grep) != std::string::npos);
}

Result<std::uint64_t> parse_time(std::string_view text, std::uint64_t now) {
    if (auto calendar = parse_calendar(text))
        return static_cast<std::uint64_t>(std::max<nanoseconds::rep>(nanoseconds(calendar->time_since_epoch()).count(), 0));
    auto ago = base::parse_duration(text);
    if (!ago) return fail(Code::usage, "'{}' is no time: say 2026-11-22T03:00:00, or 10m for ten minutes ago", text);
    const auto before = static_cast<std::uint64_t>(ago->count()) * 1'000'000;
    return before < now ? now - before : 0;
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
    return fmt::format("{} {}: {}\n", format_time(entry.realtime), source_name(entry.source), base::escape_control(entry.text));
}

std::string_view source_name(log::Source source) {
    switch (source) {
        case log::Source::recorder: return "recorder";
        case log::Source::console: return "console";
        case log::Source::datagram: return "log";
        case log::Source::stream: return "stream";
        case log::Source::journal: return "journal";
    }
    return "";
}

std::string_view kind_name(log::Kind kind) {
    switch (kind) {
        case log::Kind::text: return "text";
        case log::Kind::gap: return "gap";
        case log::Kind::begin: return "begin";
        case log::Kind::end: return "end";
    }
    return "";
}

}  // namespace vs::cli
