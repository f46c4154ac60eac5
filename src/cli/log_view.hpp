#pragma once
// The records of a log as an administrator reads them: lines with a time. A console's bytes come in any pieces; a line has the
// time of the piece that it begins in.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "log/record.hpp"

namespace vs::cli {

struct LogEntry {
    std::uint64_t sequence = 0, realtime = 0;
    log::BootId boot{};
    log::Kind kind = log::Kind::text;
    log::Source source = log::Source::recorder;
    std::uint32_t pid = 0, uid = 0;     ///< of the sender, as it claims; 0, 0 where nobody claims anything
    std::optional<unsigned> priority;   ///< facility times 8 plus severity; so are these
    std::string tag, process, claimed_time;  ///< not escaped
    std::string text;                   ///< not escaped
};

class LogLines {
  public:
    explicit LogLines(std::function<void(const LogEntry&)> take) : take_(std::move(take)) {}

    void add(const log::Record& record);
    /// The lines that have no end yet.
    void finish();

  private:
    using Writer = std::pair<log::Source, std::uint32_t>;  ///< and its process

    void add_pieces(const log::Record& record);
    void finish(LogEntry& entry);

    std::function<void(const LogEntry&)> take_;
    std::map<Writer, LogEntry> open_;  ///< lines that have no end yet
};

/// What to show. Times are nanoseconds since 1970.
struct LogChoice {
    std::uint64_t since = 0, until = UINT64_MAX;
    std::string grep;
    std::optional<unsigned> priority;  ///< this severe, or more

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
