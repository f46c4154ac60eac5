#pragma once
// A running server made to stand still for a moment (cgroup.freeze), so that it can be looked at: whoever is never the same process for
// long cannot move while he is looked for.

#include <chrono>

#include "server/cgroups.hpp"

namespace vs::server {

/// What came in by exec where the server had made its own group unfit does not stand still: it is in `entered` (cgroups.hpp), where
/// commands that enter meanwhile are born too.
class StandStill {
  public:
    /// At the latest after `limit` the server goes on, whatever becomes of us: a child of ours, which no signal of a terminal reaches,
    /// waits for that. Code::timeout where it did not come to a stand.
    static Result<StandStill> begin(const CgroupHost& host, const model::ServerName& name, sys::Milliseconds limit);
    StandStill(StandStill&&) noexcept = default;
    StandStill(const StandStill&) = delete;
    StandStill& operator=(const StandStill&) = delete;
    StandStill& operator=(StandStill&&) = delete;
    /// The server goes on.
    ~StandStill();
    /// True where it has stood still all the time until now.
    [[nodiscard]] bool has_held() const;

  private:
    StandStill(sys::DirFd group, sys::Fd alive, sys::PidFd waker) : group_(std::move(group)), alive_(std::move(alive)), waker_(std::move(waker)) {}
    sys::DirFd group_;
    sys::Fd alive_;  ///< its other end tells the waker that we live
    sys::PidFd waker_;
};

}  // namespace vs::server
