#pragma once
// How long to wait before a service that ended is started again: a second, then twice as long each time, at most a
// minute. One that ran for a minute has shown that it can, and begins again at a second.

#include <algorithm>
#include <chrono>

namespace vs::init {

class Backoff {
  public:
    static constexpr std::chrono::seconds kFirst{1};
    static constexpr std::chrono::seconds kLongest{60};

    /// The wait after a run that took `ran`.
    constexpr std::chrono::seconds after(std::chrono::nanoseconds ran) {
        auto wait = ran >= kLongest ? kFirst : next_;
        next_ = std::min(wait * 2, kLongest);
        return wait;
    }

  private:
    std::chrono::seconds next_ = kFirst;
};

}  // namespace vs::init
