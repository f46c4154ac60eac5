#include "sys/attend.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstring>

#include "sys/call.hpp"

namespace vs::sys {

namespace {
constexpr std::array kSent = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
}

Result<SentSignals> SentSignals::begin() {
    SentSignals signals;
    sigset_t wanted, before;
    static_assert(sizeof before <= sizeof signals.before_);
    ::sigemptyset(&wanted);
    for (int number : kSent) ::sigaddset(&wanted, number);
    if (::sigprocmask(SIG_BLOCK, &wanted, &before) < 0) return failed("block signals");
    std::memcpy(signals.before_.data(), &before, sizeof before);
    int fd = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) return failed("signalfd");
    signals.fd_ = Fd(fd);
    return signals;
}

SentSignals::SentSignals(SentSignals&& other) noexcept : fd_(std::move(other.fd_)), before_(other.before_) {}

SentSignals::~SentSignals() {
    if (!fd_.is_open()) return;
    sigset_t before;
    std::memcpy(&before, before_.data(), sizeof before);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

Result<> SentSignals::forward_until(FdRef ended, FdRef process) const {
    while (TRY(wait_readable({ended, fd_}, std::nullopt)) != 0U) {
        signalfd_siginfo info{};
        while (::read(fd_.get(), &info, sizeof info) == sizeof info)
            if (info.ssi_code <= 0) (void)send_signal(process, static_cast<int>(info.ssi_signo));  // it may just have ended
    }
    return {};
}

Foreground::Foreground() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO && terminal_ < 0; ++fd)
        if (::tcgetpgrp(fd) == ::getpgrp()) terminal_ = fd;
}

Foreground::~Foreground() {
    if (terminal_ < 0 || ::tcgetpgrp(terminal_) == ::getpgrp()) return;
    sigset_t stop, before;
    ::sigemptyset(&stop);
    ::sigaddset(&stop, SIGTTOU);  // who sets it from the background would be stopped
    ::sigprocmask(SIG_BLOCK, &stop, &before);
    (void)::tcsetpgrp(terminal_, ::getpgrp());
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace vs::sys
