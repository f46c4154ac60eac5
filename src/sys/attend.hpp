#pragma once
// Standing beside a command that has our place on the terminal: what somebody sends to us reaches it, what the terminal sends
// reaches it by itself, and the terminal is ours again at the end.

#include <array>
#include <cstddef>

#include "sys/process.hpp"

namespace vs::sys {

/// The signals that people send to a program, as a descriptor for as long as it exists. Begin before the command is forked, so
/// that none is lost; the command starts with mask_before().
class SentSignals {
  public:
    static Result<SentSignals> begin();
    SentSignals(SentSignals&&) noexcept;
    SentSignals(const SentSignals&) = delete;
    SentSignals& operator=(const SentSignals&) = delete;
    SentSignals& operator=(SentSignals&&) = delete;
    ~SentSignals();
    [[nodiscard]] FdRef fd() const { return fd_; }
    /// A sigset_t.
    [[nodiscard]] const void* mask_before() const { return before_.data(); }
    /// Hands on what comes until there is something to read of `ended`, which may be the process itself. A signal of the terminal
    /// went to the whole foreground and is dropped here.
    Result<> forward_until(FdRef ended, FdRef process) const;

  private:
    SentSignals() = default;
    Fd fd_;
    alignas(std::max_align_t) std::array<std::byte, 128> before_{};
};

/// Where we were in the foreground of our terminal, we are again when this goes out of scope: a shell inside took it, and
/// could not give it back to a group that it cannot name.
class Foreground {
  public:
    Foreground();
    Foreground(const Foreground&) = delete;
    Foreground& operator=(const Foreground&) = delete;
    ~Foreground();

  private:
    int terminal_ = -1;
};

}  // namespace vs::sys
