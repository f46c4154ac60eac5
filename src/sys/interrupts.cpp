#include "sys/interrupts.hpp"

#include <sys/signalfd.h>

#include "sys/call.hpp"

namespace vs::sys {

Result<Interrupts> Interrupts::block() {
    sigset_t signals;
    sigset_t before;
    ::sigemptyset(&signals);
    for (int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&signals, signal);
    if (::sigprocmask(SIG_BLOCK, &signals, &before) < 0) return failed("block signals");
    int fd = ::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        auto error = last_error("signalfd");
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        return std::unexpected<Error>(std::move(error));
    }
    return Interrupts(Fd(fd), before);
}

Interrupts::Interrupts(Interrupts&& other) noexcept : fd_(std::move(other.fd_)), before_(other.before_) {}

Interrupts::~Interrupts() {
    // A signal that came stays pending and takes its effect now: the command has cleaned up.
    if (fd_.is_open()) ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace vs::sys
