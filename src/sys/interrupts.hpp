#pragma once
// Ctrl-C as something to read instead of sudden death, so that a long command can clean up behind itself.

#include <sys/types.h>

#include <csignal>

#include "sys/fd.hpp"

namespace vs::sys {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the process but make fd() readable. A program that is run meanwhile
/// must restore the mask (run_in_sandbox does).
class Interrupts {
  public:
    static Result<Interrupts> block();
    Interrupts(Interrupts&& other) noexcept;
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;
    Interrupts& operator=(Interrupts&&) = delete;
    ~Interrupts();

    [[nodiscard]] const Fd& fd() const { return fd_; }

  private:
    Interrupts(Fd fd, const sigset_t& before) : fd_(std::move(fd)), before_(before) {}
    Fd fd_;
    sigset_t before_;
};

}  // namespace vs::sys
