#pragma once
// The records of a log as an administrator reads them: lines with a time. A console's bytes come in any pieces; a line has the
// time of the piece that it begins in.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "log/record.hpp"

namespace vs::cli {

struct LogEntry {
    std::uint64_t sequence = 0, realtime = 0;
    log::BootId boot{};
    log::Kind kind = log::Kind::text;
    log::Source source = log::Source::recorder;
    std::string text;  ///< not escaped
};

class LogLines {
  public:
    explicit LogLines(std::function<void(const LogEntry&)> take) : take_(std::move(take)) {}

    void add(const log::Record& record);
    /// The line that has no end yet, if there is one.
    void finish();

  private:
    void add_console(const log::Record& record);

    std::function<void(const LogEntry&)> take_;
    std::optional<LogEntry> open_;
};

/// What to show. Times are nanoseconds since 1970.
struct LogChoice {
    std::uint64_t since = 0, until = UINT64_MAX;
    std::string grep;

    [[nodiscard]] bool wants(const LogEntry& entry) const;
};

/// "2026-11-22T03:00:00", "2026-11-22 03:00", "2026-11-22", in UTC with or without a Z; or "10m": so long before `now`.
Result<std::uint64_t> parse_time(std::string_view text, std::uint64_t now);
/// "2026-11-22T03:00:00.123Z"
std::string format_time(std::uint64_t realtime);

/// One line, all that a terminal would obey made visible.
std::string log_line(const LogEntry& entry);
std::string_view source_name(log::Source source);
std::string_view kind_name(log::Kind kind);

}  // namespace vs::cli
