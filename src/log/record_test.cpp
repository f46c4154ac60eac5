#include "log/record.hpp"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace vs::log
