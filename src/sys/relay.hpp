#pragma once
// Standing between a terminal of the host and a process inside: copies bytes both ways, forwards signals and window sizes,
// until the process ends. Never blocks on one direction while the other could go on.

#include <optional>
#include <vector>

#include "sys/process.hpp"

namespace vs::sys {

/// Bytes that go one way. The descriptors stay the caller's.
struct Channel {
    FdRef from, to;
};

struct RelayRequest {
    std::vector<Channel> channels;
    FdRef process{-1};          ///< pidfd: the relay ends with it, after what it wrote has been copied
    FdRef terminal{-1};         ///< the guest's terminal that follows the size of ours, or -1
    std::vector<Fd>* close_after_input = nullptr;  ///< write ends of pipes, closed when their input has ended
};

/// Blocks the signals that are to be forwarded and gives them through a descriptor. Call it before the process is cloned, so
/// that none is lost; the clone unblocks them (raw::reset_signals).
class SignalForwarding {
  public:
    static Result<SignalForwarding> begin();
    SignalForwarding(SignalForwarding&&) noexcept;
    SignalForwarding(const SignalForwarding&) = delete;
    SignalForwarding& operator=(const SignalForwarding&) = delete;
    SignalForwarding& operator=(SignalForwarding&&) = delete;
    ~SignalForwarding();
    [[nodiscard]] FdRef fd() const { return fd_; }
    /// The next one that has come, or nullopt.
    [[nodiscard]] Result<std::optional<int>> take() const;

  private:
    SignalForwarding(Fd fd, std::string before) : fd_(std::move(fd)), before_(std::move(before)) {}
    Fd fd_;
    std::string before_;  ///< the signal mask to restore, as bytes
};

Result<> relay(const RelayRequest& request, const SignalForwarding& signals);

}  // namespace vs::sys
