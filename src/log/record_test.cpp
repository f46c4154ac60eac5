#include "log/record.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace vs::log {
namespace {

std::string record_of(const Head& head, std::string_view payload) {
    auto bytes = write_head(head, payload.size());
    auto leaf = leaf_hash({bytes.data(), bytes.size()}, payload);
    return std::string(bytes.data(), bytes.size()) + std::string(payload) + std::string(bytes_of(leaf).substr(0, kCheckSize));
}

const Head kHead{.kind = Kind::text, .source = Source::stream, .flag = Flag::truncated, .sequence = 7, .realtime = 1'790'000'000'123'456'789,
                 .boottime = 42, .boot = {1, 2, 3}, .claimed_pid = 4711, .claimed_uid = 1000};

TEST(record, is_read_as_it_was_written) {
    const std::string payload("text\0\x1b[2J\n\xff", 11);
    auto bytes = record_of(kHead, payload);
    const auto longer = bytes + "more";
    auto [record, error] = read_record(longer);
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(record->payload, payload);
    EXPECT_EQ(record->head.sequence, 7U);
    EXPECT_EQ(record->head.realtime, kHead.realtime);
    EXPECT_EQ(record->head.boot, kHead.boot);
    EXPECT_EQ(record->head.claimed_pid, 4711U);
    EXPECT_EQ(record->head.claimed_uid, 1000U);
    EXPECT_EQ(record->head.flag, Flag::truncated);
    EXPECT_EQ(record_length(bytes), bytes.size());
}

TEST(record, every_cut_is_incomplete) {
    auto bytes = record_of(kHead, "payload");
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        auto [record, error] = read_record(bytes.substr(0, size));
        EXPECT_FALSE(record.has_value());
        EXPECT_EQ(error, RecordError::incomplete);
    }
}

TEST(record, every_flipped_bit_is_seen) {
    const auto bytes = record_of(kHead, "payload");
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(read_record(damaged).record.has_value()) << bit;
    }
}

TEST(record, no_length_leads_astray) {
    for (auto length : {0U, 1U, 63U, 65601U, 0x7fffffffU, 0xffffffffU}) {
        std::string bytes(100, '\0');
        for (std::size_t i = 0; i < 4; ++i) bytes[i] = static_cast<char>(length >> (8 * i));
        EXPECT_EQ(read_record(bytes).error, RecordError::malformed) << length;
        EXPECT_FALSE(record_length(bytes).has_value());
    }
}

TEST(gap, is_read_as_it_was_written) {
    auto bytes = write_gap({.records = 3, .bytes = 70, .first = 5, .last = 9, .cause = Cause::rate});
    auto gap = read_gap({bytes.data(), bytes.size()});
    ASSERT_TRUE(gap.has_value());
    EXPECT_EQ(gap->records, 3U);
    EXPECT_EQ(gap->bytes, 70U);
    EXPECT_EQ(gap->last, 9U);
    EXPECT_EQ(gap->cause, Cause::rate);
    EXPECT_FALSE(read_gap({bytes.data(), bytes.size() - 1}).has_value());
    bytes.back() = 77;
    EXPECT_FALSE(read_gap({bytes.data(), bytes.size()}).has_value());
}

TEST(record, a_byte_that_stands_for_no_word_makes_it_none) {
    for (const auto& [at, least, most] : {std::tuple{4U, 1U, 1U}, {5U, 1U, 5U}, {6U, 0U, 5U}, {7U, 0U, 2U}})
        for (unsigned value = 0; value < 256; ++value) {
            auto bytes = record_of(kHead, "payload");
            bytes[at] = static_cast<char>(value);
            const auto leaf = leaf_hash(std::string_view(bytes).substr(0, bytes.size() - kCheckSize));  // its check fits
            bytes.replace(bytes.size() - kCheckSize, kCheckSize, bytes_of(leaf).substr(0, kCheckSize));
            const auto [record, error] = read_record(bytes);
            EXPECT_EQ(record.has_value(), value >= least && value <= most) << at << " " << value;
            EXPECT_TRUE(record || error == RecordError::malformed);
        }
}

TEST(record, the_longest_and_the_shortest_are_whole) {
    for (std::size_t size : {std::size_t{0}, kMostPayload}) {
        const std::string payload(size, 'x');
        EXPECT_EQ(read_record(record_of(kHead, payload)).record->payload.size(), size);
    }
    EXPECT_EQ(read_record(record_of(kHead, std::string(kMostPayload + 1, 'x'))).error, RecordError::malformed);
}

TEST(record, what_came_by_a_socket_is_told_from_its_first_seven_bytes) {
    for (auto source : {Source::recorder, Source::console, Source::datagram, Source::stream, Source::journal, Source::host})
        for (auto kind : {Kind::text, Kind::gap, Kind::begin, Kind::end, Kind::found}) {
            const auto bytes = record_of({.kind = kind, .source = source}, "x");
            EXPECT_EQ(is_from_socket(bytes), kind == Kind::text && source != Source::console) << static_cast<int>(source) << static_cast<int>(kind);
            EXPECT_FALSE(is_from_socket(bytes.substr(0, 6)));
            EXPECT_EQ(is_from_socket(bytes.substr(0, 7)), is_from_socket(bytes));
        }
}

TEST(gap, every_number_of_it_comes_back_and_no_other_cause_is_one) {
    for (unsigned cause = 0; cause < 256; ++cause) {
        const Gap gap{0x0102030405060708, UINT64_MAX, 1, 0x8000000000000000, static_cast<Cause>(cause)};
        const auto bytes = write_gap(gap);
        const auto read = read_gap({bytes.data(), bytes.size()});
        ASSERT_EQ(read.has_value(), cause >= 1 && cause <= 5) << cause;
        if (!read) continue;
        EXPECT_EQ(read->records, gap.records);
        EXPECT_EQ(read->bytes, gap.bytes);
        EXPECT_EQ(read->first, gap.first);
        EXPECT_EQ(read->last, gap.last);
        EXPECT_EQ(read->cause, gap.cause);
    }
}

TEST(found, is_eight_bytes_and_nothing_else) {
    const auto bytes = write_found({.records = 0x0102030405060708});
    EXPECT_EQ((std::string_view{bytes.data(), bytes.size()}), "\x08\x07\x06\x05\x04\x03\x02\x01");
    EXPECT_EQ(read_found({bytes.data(), bytes.size()})->records, 0x0102030405060708U);
    for (std::size_t size : {0U, 7U, 9U}) EXPECT_FALSE(read_found(std::string(size, 'x'))) << size;
}

}  // namespace
}  // namespace vs::log
