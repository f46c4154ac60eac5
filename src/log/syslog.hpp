#pragma once
// What a message to a log socket says of itself: RFC 5424, RFC 3164 as libc and journald write it, or nothing. All of it is a
// claim of the sender. The recorder stores messages as they are; this is for those who read.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vs::log {

/// Views into the message; empty where it says nothing.
struct SyslogMessage {
    std::optional<std::uint8_t> priority;  ///< facility times 8 plus severity
    std::string_view time, host, tag, process, message_id, data, text;

    [[nodiscard]] std::optional<unsigned> severity() const;
};
/// Any bytes. What does not fit a format is text: never fails.
SyslogMessage parse_syslog(std::string_view message);

/// "err", "3", "warning"; nothing where it is no severity.
std::optional<unsigned> parse_severity(std::string_view word);
std::string_view severity_name(unsigned severity);

/// One RFC 5424 message, as a collector takes it. What is no printable ASCII in a header's field is left out.
struct SyslogHeader {
    std::uint8_t priority = 13;  ///< user.notice
    std::string time;            ///< RFC 3339
    std::string host, tag, process, message_id;
    std::string data;            ///< "[id key=...]", written by us
};
std::string write_syslog(const SyslogHeader& header, std::string_view text);
/// As a value in structured data: RFC 5424, 6.3.3.
std::string escape_data(std::string_view value);

}  // namespace vs::log
