#include "programs/recorder/budget.hpp"

#include <gtest/gtest.h>

namespace vs::recorder {
namespace {

constexpr auto kHalfMinute = 30U;

/// How many of `messages` of `bytes` each are taken at once.
unsigned taken(Bucket& bucket, unsigned messages, std::uint64_t bytes, const Rate& rate, std::int64_t now) {
    unsigned count = 0;
    for (unsigned i = 0; i < messages; ++i) count += bucket.take(bytes, rate, now) ? 1 : 0;
    return count;
}

TEST(Budget, gives_half_a_minutes_worth_at_once_and_then_the_rate) {
    struct Case {
        Rate rate;
        std::uint64_t bytes;
        unsigned at_once;
    };
    for (const auto& [rate, bytes, at_once] : {Case{{10, 1'000'000}, 1, 10 * kHalfMinute + 1}, Case{{1, 1'000'000}, 100, kHalfMinute + 1},
                                               Case{{1'000'000, 1000}, 100, 10 * kHalfMinute + 1}, Case{{1'000'000, 1000}, 65536, 1}}) {
        Bucket bucket;
        EXPECT_EQ(taken(bucket, 1000, bytes, rate, kSecond * 1000), at_once) << rate.records << " " << bytes;
        EXPECT_FALSE(bucket.take(bytes, rate, kSecond * 1001 - 1)) << "used up, it gives nothing for a second";
    }
}

TEST(Budget, what_is_not_used_is_not_saved_beyond_the_burst) {
    Bucket bucket;
    constexpr Rate kRate{10, 1 << 20};
    EXPECT_EQ(taken(bucket, 1000, 1, kRate, kSecond), 301U);
    EXPECT_EQ(taken(bucket, 1000, 1, kRate, kSecond * 3), 20U) << "two seconds later: two seconds' worth";
    EXPECT_EQ(taken(bucket, 1000, 1, kRate, kSecond * 100'000), 301U);
}

TEST(Budget, drops_come_in_few_pieces) {
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

TEST(Budget, no_way_in_and_no_user_takes_what_another_needs) {
    Budget budget(Rate{1, 1000});
    auto use_up = [&](log::Source source, std::uint32_t uid) {
        unsigned count = 0;
        while (count < 100 && budget.take(source, uid, 1, kSecond)) ++count;
        return count;
    };
    for (auto source : {log::Source::console, log::Source::datagram, log::Source::stream, log::Source::journal}) {
        EXPECT_EQ(use_up(source, 33), 31U);
        EXPECT_EQ(use_up(source, 34), 0U) << "everybody but root shares one";
        EXPECT_EQ(use_up(source, 0), 31U);
    }
    EXPECT_EQ(use_up(log::Source::host, 0), 100U) << "the host's own words always fit";
    EXPECT_EQ(use_up(log::Source::host, 33), 100U);
}

}  // namespace
}  // namespace vs::recorder
