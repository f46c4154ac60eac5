#include "sys/supervise.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"

namespace vs::sys {

namespace {

/// Puts the payload's descriptors at 0, 1, 2, 3 ... First all of them go out of the way, so that none is overwritten.
Result<> place_descriptors(const Payload& payload) {
    constexpr int kOutOfTheWay = 64;
    std::vector<FdRef> wanted = {payload.input, payload.output, payload.output};
    wanted.insert(wanted.end(), payload.descriptors.begin(), payload.descriptors.end());
    for (auto& fd : wanted) {
        int copy = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, kOutOfTheWay);
        if (copy < 0) return failed("duplicate descriptor {}", fd.get());
        fd = FdRef(copy);
    }
    TRY(close_on_exec_from(3));
    for (std::size_t number = 0; number < wanted.size(); ++number) TRY(inherit_as(wanted[number], static_cast<int>(number)));
    return {};
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> out;
    for (const auto& string : strings) out.push_back(const_cast<char*>(string.c_str()));
    out.push_back(nullptr);
    return out;
}

/// Returns only on failure.
Error execute(const Payload& payload) {
    if (payload.program != nullptr) return exec_program(*payload.program, payload.argv, payload.environment);
    ::execve(payload.argv[0].c_str(), pointers(payload.argv).data(), pointers(payload.environment).data());
    return last_error(fmt::format("execute '{}'", payload.argv[0]));
}

[[noreturn]] void become_payload(const Payload& payload) {
    ::setsid();  // Ctrl-C is our parent's to handle
    raw::reset_signals();
    ::umask(022);
    auto placed = place_descriptors(payload);
    Error error = placed ? execute(payload) : placed.error();
    (void)write_all(payload.output, error.message() + "\n");
    ::_exit(127);
}

/// A parent that died before we asked for its death signal sends none: then the pipe's other end is closed.
bool is_orphan(FdRef parent_alive) {
    pollfd state{parent_alive.get(), 0, 0};
    return ::poll(&state, 1, 0) > 0;
}

[[noreturn]] void reap_until(pid_t payload) {
    for (;;) {
        int status = 0;
        pid_t ended = ::waitpid(-1, &status, 0);
        if (ended == payload) ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        if (ended < 0 && errno != EINTR) ::_exit(125);
    }
}

}  // namespace

Error supervise(const Payload& payload, FdRef parent_alive) {
    // Set last: any change of identity clears it (prctl(2)).
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return last_error("prctl PR_SET_PDEATHSIG");
    if (is_orphan(parent_alive)) ::_exit(125);
    pid_t child = ::fork();
    if (child < 0) return last_error("fork");
    if (child == 0) become_payload(payload);
    // What the payload does not hold, nobody does: its end must be the end of the pipes.
    ::close_range(0, ~0U, 0);
    reap_until(child);
}

}  // namespace vs::sys
