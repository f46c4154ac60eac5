#pragma once
// How much a server may write: so many records and so many bytes a second, for each way in and, on each, for the server's root
// apart from everybody else. Half a minute's worth may come at once. So no user of a server can use up what its root needs, and
// no socket what the console needs. Times are nanoseconds of CLOCK_MONOTONIC.

#include <algorithm>
#include <array>
#include <cstdint>

#include "log/record.hpp"

namespace vs::recorder {

inline constexpr std::int64_t kSecond = 1'000'000'000;

struct Rate {
    std::uint64_t records = 0, bytes = 0;  ///< a second; neither is zero
};

/// The time at which all that was taken would be paid for (GCRA). Once it is used up it gives nothing for a second, so that drops come
/// in few pieces, each told by one gap.
class Bucket {
  public:
    bool take(std::uint64_t bytes, const Rate& rate, std::int64_t now) {
        const std::int64_t burst = shut_ ? kBurst - kSecond : kBurst;
        shut_ = records_ - now > burst || bytes_ - now > burst;
        if (shut_) return false;
        records_ = std::max(records_, now) + price(1, rate.records);
        bytes_ = std::max(bytes_, now) + price(bytes, rate.bytes);
        return true;
    }

  private:
    static constexpr std::int64_t kBurst = 30 * kSecond;

    static std::int64_t price(std::uint64_t amount, std::uint64_t rate) {
        return static_cast<std::int64_t>(amount * static_cast<std::uint64_t>(kSecond) / rate);
    }

    std::int64_t records_ = 0, bytes_ = 0;  ///< when they are paid for
    bool shut_ = false;
};

class Budget {
  public:
    explicit Budget(Rate rate) : rate_(rate) {}

    /// The host's own words always fit.
    bool take(log::Source source, std::uint32_t uid, std::uint64_t bytes, std::int64_t now) {
        if (source == log::Source::host) return true;
        return buckets_[static_cast<std::size_t>(source)][uid == 0 ? 0 : 1].take(bytes, rate_, now);
    }

  private:
    Rate rate_;
    std::array<std::array<Bucket, 2>, static_cast<std::size_t>(log::Source::host)> buckets_;
};

}  // namespace vs::recorder
