#include "log/syslog.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/dice.hpp"

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

// What is in the messages of programs that are in use.
TEST(Syslog, what_programs_write_is_taken_apart) {
    struct Case {
        std::string_view message, time, tag, process, text;
    };
    for (const auto& [message, time, tag, process, text] :
         {Case{"<34>Oct 11 22:14:15 su: 'su root' failed", "Oct 11 22:14:15", "su", "", "'su root' failed"},
          Case{"<6>kernel: [    0.000000] Linux", "", "kernel", "", "[    0.000000] Linux"},
          Case{"<13>Nov  2 04:05:06 root: hello", "Nov  2 04:05:06", "root", "", "hello"},
          Case{"<86>Nov 22 04:05:06 sshd-session[77]: Accepted publickey", "Nov 22 04:05:06", "sshd-session", "77", "Accepted publickey"},
          Case{"<30>systemd[1]: Started x.service - X.", "", "systemd", "1", "Started x.service - X."},
          Case{"<22>postfix/smtpd[12]: connect from a[192.0.2.1]", "", "postfix/smtpd", "12", "connect from a[192.0.2.1]"},
          Case{"<13>tag:no blank", "", "tag", "", "no blank"}, Case{"<13>tag:  two blanks", "", "tag", "", " two blanks"},
          Case{"<13>tag[]: empty", "", "tag", "", "empty"}, Case{"<13>tag[a b]: odd", "", "tag", "a b", "odd"},
          Case{"<13>two words: text", "", "", "", "two words: text"}, Case{"<13>: text", "", "", "", ": text"}, Case{"<13>[1]: text", "", "", "", "[1]: text"},
          Case{"<13>tag[1] text", "", "", "", "tag[1] text"}, Case{"<13>tag", "", "", "", "tag"},
          Case{"<13>Nov 22 04:05:06", "", "", "", "Nov 22 04:05:06"}, Case{"<13>nov 22 04:05:06 a: b", "", "", "", "nov 22 04:05:06 a: b"},
          Case{"<13>Nov 22 04:05:6x a: b", "", "", "", "Nov 22 04:05:6x a: b"}, Case{"<13>Nov 22 04:05:06 a: b\n\n\0"sv, "Nov 22 04:05:06", "a", "", "b"}}) {
        const auto found = parse_syslog(message);
        EXPECT_TRUE(found.priority) << message;
        EXPECT_EQ(found.time, time) << message;
        EXPECT_EQ(found.tag, tag) << message;
        EXPECT_EQ(found.process, process) << message;
        EXPECT_EQ(found.text, text) << message;
    }
}

TEST(Syslog, what_rfc_5424_allows_and_what_it_does_not) {
    struct Case {
        std::string_view message;
        bool newer;
        std::string_view data, text;
    };
    for (const auto& [message, newer, data, text] :
         {Case{"<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - BOM'su root' failed", true, "", "BOM'su root' failed"},
          Case{"<165>1 - h e p m [exampleSDID@32473 iut=\"3\" eventSource=\"Application\"]", true, "[exampleSDID@32473 iut=\"3\" eventSource=\"Application\"]", ""},
          Case{"<1>1 - - - - - [a][b] t", true, "[a][b]", "t"}, Case{"<1>1 - - - - - [a k=\"]\"] t", true, "[a k=\"]\"]", "t"},
          Case{"<1>1 - - - - - [a k=\"\\\"]\"] t", true, "[a k=\"\\\"]\"]", "t"}, Case{"<1>1 - - - - - -", true, "", ""}, Case{"<1>1 - - - - - - ", true, "", ""},
          Case{"<1>1 - - - - -", false, "", "1 - - - - -"}, Case{"<1>1 - - - - - ", false, "", "1 - - - - - "},
          Case{"<1>1 - - - - -x", false, "", "1 - - - - -x"}, Case{"<1>1 - - - - [a] t", false, "", "1 - - - - [a] t"}, Case{"<1>2 - - - - - - t", false, "", "2 - - - - - - t"},
          Case{"<1>1  - - - - - t", false, "", "1  - - - - - t"}, Case{"<1>1 - - - - - [a", false, "", "1 - - - - - [a"}, Case{"<1>1 - - - - - [a k=\"]", false, "", "1 - - - - - [a k=\"]"},
          Case{"<1>1 - \xc3\xa4 - - - - t", false, "", "1 - \xc3\xa4 - - - - t"}, Case{"<1>1 - - - - - [a k=\"\\", false, "", "1 - - - - - [a k=\"\\"}}) {
        const auto found = parse_syslog(message);
        EXPECT_EQ(found.data, data) << message;
        EXPECT_EQ(found.text, text) << message;
        EXPECT_TRUE(newer || found.text.starts_with(message.substr(3, 1))) << message;
    }
}

TEST(Syslog, a_priority_is_a_number_of_three_digits_and_no_more_than_there_are) {
    for (unsigned value : {0U, 7U, 8U, 99U, 191U}) {
        EXPECT_EQ(parse_syslog("<" + std::to_string(value) + ">x").priority, value);
        EXPECT_EQ(parse_syslog("<" + std::to_string(value) + ">x").severity(), value % 8);
    }
    EXPECT_EQ(parse_syslog("<007>x").priority, 7) << "as some write it";
    for (auto none : {"<192>x", "<999>x", "<0000>x", "<7x", "7>x", "<+7>x", "<7 >x", " <7>x"}) EXPECT_FALSE(parse_syslog(none).priority) << none;
    EXPECT_FALSE(parse_syslog("x").severity());
}

TEST(Syslog, whatever_is_sent_its_parts_lie_in_it_and_nothing_is_invented) {
    base::Dice dice(1);
    for (int i = 0; i < 5000; ++i) {
        const auto message = dice.damage(dice.toss() ? R"(<165>1 2003-10-11T22:14:15.003Z host app 12 ID47 [a@1 k="v\]\"]"] the text)" : "<30>Nov 22 04:05:06 cron[123]: (root) CMD (true)\n");
        const auto found = parse_syslog(message);
        for (auto part : {found.time, found.host, found.tag, found.process, found.message_id, found.data, found.text}) {
            if (part.empty()) continue;
            EXPECT_GE(part.data(), message.data());
            EXPECT_LE(part.data() + part.size(), message.data() + message.size());
        }
        EXPECT_LE(found.tag.size(), 255U);
    }
}

TEST(Syslog, a_header_for_a_collector_holds_no_more_than_rfc_5424_allows) {
    const std::string long_field(1000, 'x');
    const auto written = write_syslog({.priority = 0, .time = long_field, .host = long_field, .tag = long_field, .process = long_field, .message_id = long_field, .data = ""}, "t");
    const auto found = parse_syslog(written);
    EXPECT_EQ(found.time.size(), 64U);
    EXPECT_EQ(found.host.size(), 255U);
    EXPECT_EQ(found.tag.size(), 48U);
    EXPECT_EQ(found.process.size(), 128U);
    EXPECT_EQ(found.message_id.size(), 32U);
    EXPECT_EQ(found.text, "t");
    EXPECT_EQ(write_syslog({.priority = 13, .time = "", .host = " ", .tag = "a b\n", .process = "\x1b[2J", .message_id = "\xff", .data = ""}, "x\ny"), "<13>1 - - ab [2J - - x\ny");
}

TEST(Syslog, severities_have_one_number_each) {
    constexpr std::array<std::string_view, 8> kNames{"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
    for (unsigned i = 0; i < kNames.size(); ++i) {
        EXPECT_EQ(severity_name(i), kNames[i]);
        EXPECT_EQ(parse_severity(kNames[i]), i);
        EXPECT_EQ(parse_severity(std::to_string(i)), i);
    }
    EXPECT_EQ(parse_severity("error"), 3U);
    EXPECT_EQ(severity_name(8), "");
    for (auto none : {"10", "-1", "emergency", "ERR", " err", "err "}) EXPECT_FALSE(parse_severity(none)) << none;
}

TEST(Syslog, a_value_cannot_end_its_element) {
    for (auto value : {"plain", "\"", "]", "\\", "a\"]b\\c\"", "\\\"]", ""}) {
        const auto data = "[x@1 k=\"" + escape_data(value) + "\"]";
        EXPECT_EQ(parse_syslog("<1>1 - - - - - " + data + " text").data, data) << value;
        EXPECT_EQ(parse_syslog("<1>1 - - - - - " + data + " text").text, "text") << value;
    }
    EXPECT_EQ(escape_data("a\"b\\c]d"), "a\\\"b\\\\c\\]d");
}

}  // namespace
}  // namespace vs::log
