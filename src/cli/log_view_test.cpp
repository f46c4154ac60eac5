#include "cli/log_view.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace vs::cli {
namespace {

log::Record record(std::uint64_t sequence, std::string_view payload, log::Source source = log::Source::console) {
    return {{.source = source, .sequence = sequence, .realtime = sequence * 1'000'000'000}, payload, {}};
}

std::vector<LogEntry> lines_of(const std::vector<log::Record>& records) {
    std::vector<LogEntry> entries;
    LogLines lines([&](const LogEntry& entry) { entries.push_back(entry); });
    for (const auto& one : records) lines.add(one);
    lines.finish();
    return entries;
}

TEST(log_lines, a_console_in_pieces_is_lines) {
    auto lines = lines_of({record(1, "one\r\ntw"), record(2, "o\nthr"), record(3, "ee")});
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0].text, "one");
    EXPECT_EQ(lines[1].text, "two");
    EXPECT_EQ(lines[1].sequence, 1U);
    EXPECT_EQ(lines[2].text, "three");
    EXPECT_EQ(lines[2].sequence, 2U);
}

TEST(log_lines, other_records_are_a_line_each_and_end_the_one_before) {
    auto gap = log::write_gap({.records = 3, .bytes = 70, .cause = log::Cause::disk_full});
    auto lost = record(2, {gap.data(), gap.size()}, log::Source::recorder);
    lost.head.kind = log::Kind::gap;
    auto lines = lines_of({record(1, "no end"), lost});
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[1].text, "3 records, 70 bytes lost: disk full");
}

TEST(log_lines, a_message_is_one_and_says_who_claims_to_have_sent_it) {
    auto message = record(2, "<11>Nov 22 04:05:06 sshd[7]: no\nway\n", log::Source::datagram);
    message.head.claimed_pid = 77;
    auto lines = lines_of({record(1, "no e"), message, record(3, "nd\n")});
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].tag, "sshd");
    EXPECT_EQ(lines[0].process, "7");
    EXPECT_EQ(lines[0].priority, 11U);
    EXPECT_EQ(lines[0].pid, 77U);
    EXPECT_EQ(lines[0].text, "no\nway");
    EXPECT_EQ(lines[0].claimed_time, "Nov 22 04:05:06");
    EXPECT_EQ(lines[1].text, "no end");
}

TEST(log_lines, connections_have_lines_of_their_own) {
    auto from = [](std::uint32_t pid, std::string_view text) {
        auto one = record(pid, text, log::Source::stream);
        one.head.claimed_pid = pid;
        return one;
    };
    auto lines = lines_of({from(1, "<13>a: on"), from(2, "<13>b: x\n<13>b: y\n"), from(1, "e\nrest")});
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_EQ(lines[0].text, "x");
    EXPECT_EQ(lines[2].text, "one");
    EXPECT_EQ(lines[2].tag, "a");
    EXPECT_EQ(lines[3].text, "rest");
}

TEST(choice, by_priority_takes_what_is_as_severe_and_what_the_host_says) {
    LogEntry err, console, host;
    err.priority = 27;
    console.source = log::Source::console;
    host.source = log::Source::host;
    EXPECT_TRUE((LogChoice{.grep = "", .priority = 3}.wants(err)));
    EXPECT_FALSE((LogChoice{.grep = "", .priority = 2}.wants(err)));
    EXPECT_FALSE((LogChoice{.grep = "", .priority = 6}.wants(console)));
    EXPECT_TRUE((LogChoice{.grep = "", .priority = 4}.wants(host)));
}

TEST(log_line, cannot_move_the_cursor) {
    LogEntry entry{.realtime = 1'790'000'000'123'000'000, .source = log::Source::console, .priority = {}, .tag = "", .process = "", .claimed_time = "", .text = "a\x1b[2J\nb\x7f"};
    EXPECT_EQ(log_line(entry), "2026-09-21T14:13:20.123Z console: a\\x1b[2J\\nb\\x7f\n");
}

TEST(time, is_read_as_people_write_it) {
    constexpr std::uint64_t kNow = 1'790'000'000'000'000'000;
    for (auto text : {"2026-09-21T14:13:20", "2026-09-21 14:13:20Z", "0s"}) EXPECT_EQ(parse_time(text, kNow).value_or(1), kNow) << text;
    EXPECT_EQ(parse_time("2026-09-21", kNow).value_or(1), 1'789'948'800'000'000'000U);
    EXPECT_EQ(parse_time("10m", kNow).value_or(1), kNow - 600'000'000'000U);
    for (auto text : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-09-21T", "2026-09-21T25:00", "2026-09-21T10:60", "2026-09-21T10:00x", "-1s"})
        EXPECT_FALSE(parse_time(text, kNow).has_value()) << text;
}

TEST(choice, takes_what_was_asked_for) {
    LogEntry entry{.realtime = 5, .priority = {}, .tag = "", .process = "", .claimed_time = "", .text = "hello"};
    EXPECT_TRUE((LogChoice{.since = 5, .until = 5, .grep = "ell", .priority = {}}.wants(entry)));
    EXPECT_FALSE((LogChoice{.since = 6, .grep = "", .priority = {}}.wants(entry)));
    EXPECT_FALSE((LogChoice{.until = 4, .grep = "", .priority = {}}.wants(entry)));
    EXPECT_FALSE((LogChoice{.grep = "bye", .priority = {}}.wants(entry)));
}

constexpr std::uint64_t kSecond = 1'000'000'000, kNow = 1'764'000'000 * kSecond;

TEST(parse_time, a_day_beyond_the_clock_is_its_last_and_one_before_it_its_first) {
    for (const char* late : {"2262-04-12", "2300-01-01", "9999-12-31T23:59:59"}) EXPECT_GT(parse_time(late, kNow).value(), kNow * 5) << late;
    EXPECT_EQ(parse_time("2262-04-11", kNow).value(), 9'223'286'400 * kSecond);
    for (const char* early : {"1970-01-01", "1969-12-31", "1600-02-29", "0000-01-01"}) EXPECT_EQ(parse_time(early, kNow).value(), 0U) << early;
    EXPECT_EQ(parse_time("1970-01-01T00:00:01", kNow).value(), kSecond);
}

TEST(parse_time, what_is_longer_ago_than_the_clock_is_its_beginning) {
    for (const char* ago : {"500000h", "18446744073710ms", "9223372036854775807ms", "2562047788015h"}) EXPECT_EQ(parse_time(ago, kNow).value(), 0U) << ago;
    EXPECT_EQ(parse_time("1ms", kNow).value(), kNow - kSecond / 1000);
    EXPECT_EQ(parse_time("0s", kNow).value(), kNow);
}

TEST(parse_time, what_is_no_time_is_refused_and_not_read_in_part) {
    for (const char* text : {"1d", "2026-00-10", "2026-1-1", "2026-11-22T03", "2026-11-22T03:00:60", "2026-11-22T03:00:00+01:00", "2026-11-22T03:00:00ZZ", "2026-11-22 03:00 ",
                             " 2026-11-22", "+026-11-22", "2026-11-22T24:00", "99999999999999999999h"})
        EXPECT_FALSE(parse_time(text, kNow)) << text;
    EXPECT_EQ(parse_time("2026-11-22 03:04:05Z", kNow).value(), parse_time("2026-11-22T03:04:05", kNow).value());
}

}  // namespace
}  // namespace vs::cli
