#include "programs/recorder/budget.hpp"

#include <gtest/gtest.h>

namespace vs::recorder {
namespace {

constexpr Rate kRate{10, 1000};  // so 300 records and 30,000 bytes at once
constexpr std::int64_t kNow = 1'000 * kSecond;

/// How many of that size it gives at a time.
int taken(Bucket& bucket, std::uint64_t bytes, std::int64_t now, int most = 10'000) {
    int count = 0;
    while (count < most && bucket.take(bytes, kRate, now)) ++count;
    return count;
}

TEST(Bucket, gives_half_a_minutes_worth_at_once_whichever_runs_out_first) {
    for (const auto& [bytes, worth] : {std::pair{std::uint64_t{0}, 301}, {std::uint64_t{1}, 301}, {std::uint64_t{100}, 301}, {std::uint64_t{1000}, 31}, {std::uint64_t{30'000}, 2}, {std::uint64_t{60'000}, 1}}) {
        Bucket bucket;
        EXPECT_EQ(taken(bucket, bytes, kNow), worth) << bytes << ": one more may begin while anything is left";
    }
}

TEST(Bucket, once_it_is_used_up_it_gives_nothing_for_a_second_and_then_a_seconds_worth) {
    Bucket bucket;
    taken(bucket, 1, kNow);
    for (std::int64_t wait : {std::int64_t{1}, kSecond / 10, kSecond / 2, kSecond}) EXPECT_FALSE(bucket.take(1, kRate, kNow + wait)) << wait;
    EXPECT_EQ(taken(bucket, 1, kNow + kSecond + kSecond / 10), 11) << "what a second has paid for";
    EXPECT_FALSE(bucket.take(1, kRate, kNow + kSecond + kSecond / 5));
}

TEST(Bucket, who_stays_below_the_rate_is_never_refused_and_fills_up_again) {
    Bucket bucket;
    for (int i = 0; i < 5000; ++i) ASSERT_TRUE(bucket.take(100, kRate, kNow + i * kSecond / 10)) << i;
    taken(bucket, 1, kNow + 500 * kSecond);
    EXPECT_EQ(taken(bucket, 1, kNow + 540 * kSecond), 301) << "not more, however long it waited";
    EXPECT_EQ(taken(bucket, 1, kNow + 100'000 * kSecond), 301);
}

TEST(Bucket, drops_come_in_few_pieces) {
    Bucket bucket;
    unsigned pieces = 0;
    bool before = true;
    for (std::int64_t now = kSecond; now < 120 * kSecond; now += kSecond / 1000) {  // a thousand a second where ten may
        const bool fits = bucket.take(1, {10, 1 << 20}, now);
        pieces += before && !fits ? 1 : 0;
        before = fits;
    }
    EXPECT_LE(pieces, 120U) << "one gap in a second at most";
    EXPECT_GE(pieces, 60U);
}

TEST(Budget, no_way_in_takes_from_another_and_no_user_from_root) {
    using log::Source;
    for (auto flooded : {Source::console, Source::datagram, Source::stream, Source::journal}) {
        for (std::uint32_t uid : {0U, 1000U}) {
            Budget budget(kRate);
            while (budget.take(flooded, uid, 1, kNow)) {}
            for (auto source : {Source::console, Source::datagram, Source::stream, Source::journal})
                for (std::uint32_t other : {0U, 1000U}) EXPECT_EQ(budget.take(source, other, 1, kNow), source != flooded || (other == 0) != (uid == 0)) << static_cast<int>(source) << other;
            EXPECT_EQ(budget.take(flooded, 4711, 1, kNow), uid == 0) << "all users are one";
        }
    }
}

TEST(Budget, the_hosts_own_words_always_fit) {
    Budget budget({1, 1});
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(budget.take(log::Source::host, 0, 1 << 20, kNow));
    EXPECT_TRUE(budget.take(log::Source::console, 0, 1, kNow)) << "and cost nobody anything";
}

}  // namespace
}  // namespace vs::recorder
