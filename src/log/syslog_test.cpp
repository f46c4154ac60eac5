#include "log/syslog.hpp"

#include <gtest/gtest.h>

namespace vs::log {
namespace {

using namespace std::string_view_literals;

TEST(Syslog, libc_writes_the_older_format) {
    auto found = parse_syslog("<30>Nov 22 04:05:06 cron[123]: (root) CMD (true)\n");
    EXPECT_EQ(found.priority, 30);
    EXPECT_EQ(found.severity(), 6U);
    EXPECT_EQ(found.time, "Nov 22 04:05:06");
    EXPECT_EQ(found.tag, "cron");
    EXPECT_EQ(found.process, "123");
    EXPECT_EQ(found.text, "(root) CMD (true)");
    EXPECT_EQ(parse_syslog("<13>Nov  2 04:05:06 me: hello").tag, "me");
}

TEST(Syslog, the_newer_format) {
    auto found = parse_syslog(R"(<165>1 2003-10-11T22:14:15.003Z host app 12 ID47 [a@1 k="v\]\"]"][b c="d"] the text)");
    EXPECT_EQ(found.priority, 165);
    EXPECT_EQ(found.time, "2003-10-11T22:14:15.003Z");
    EXPECT_EQ(found.host, "host");
    EXPECT_EQ(found.tag, "app");
    EXPECT_EQ(found.process, "12");
    EXPECT_EQ(found.message_id, "ID47");
    EXPECT_EQ(found.data, R"([a@1 k="v\]\"]"][b c="d"])");
    EXPECT_EQ(found.text, "the text");
    EXPECT_EQ(parse_syslog("<0>1 - - - - - -").text, "");
    EXPECT_EQ(parse_syslog("<0>1 - - - - - - \xef\xbb\xbfx").text, "x");
}

TEST(Syslog, what_fits_no_format_is_text) {
    for (auto raw : {"hello"sv, ""sv, "<"sv, "<>x"sv, "<192>x: y"sv, "<1234>x"sv, "<-1>x"sv, "< 1>x"sv, "\0\0a"sv}) {
        EXPECT_FALSE(parse_syslog(raw).priority) << raw;
        EXPECT_EQ(parse_syslog(raw).text, raw) << raw;
    }
    for (auto raw : {"<13>"sv, "<13>1 2 3"sv, "<13>1 - - - - - [x"sv, "<13>1 - - - - - [x]y"sv, "<13>tag[12"sv, "<13>Nov 22 04:05"sv}) {
        EXPECT_EQ(parse_syslog(raw).priority, 13) << raw;
        EXPECT_EQ(parse_syslog(raw).text, raw.substr(4)) << raw;
    }
}

TEST(Syslog, fields_are_bounded) {
    const std::string tag(49, 'x'), field(256, 'y');
    EXPECT_EQ(parse_syslog("<13>" + tag + ": text").tag, "");
    EXPECT_EQ(parse_syslog("<13>1 - " + field + " - - - - text").host, "");
    EXPECT_EQ(parse_syslog("<13>t[" + field + "]: text").process, "");
}

TEST(Syslog, severities) {
    EXPECT_EQ(parse_severity("err"), 3U);
    EXPECT_EQ(parse_severity("warn"), 4U);
    EXPECT_EQ(parse_severity("7"), 7U);
    EXPECT_FALSE(parse_severity("8"));
    EXPECT_FALSE(parse_severity(""));
    EXPECT_FALSE(parse_severity("Err"));
    EXPECT_EQ(severity_name(0), "emerg");
}

TEST(Syslog, what_is_written_is_read_again) {
    SyslogHeader header{.priority = 28, .time = "2026-11-22T04:05:06Z", .host = "web1", .tag = "a b\n", .process = "7", .message_id = "",
                        .data = "[x@1 k=\"" + escape_data("\"]\\") + "\"]"};
    auto line = write_syslog(header, "text\nmore");
    auto found = parse_syslog(line);
    EXPECT_EQ(found.priority, 28);
    EXPECT_EQ(found.host, "web1");
    EXPECT_EQ(found.tag, "ab");
    EXPECT_EQ(found.message_id, "");
    EXPECT_EQ(found.data, header.data);
    EXPECT_EQ(found.text, "text\nmore");
}

}  // namespace
}  // namespace vs::log
