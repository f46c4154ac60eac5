#include "sys/children.hpp"

#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "sys/call.hpp"

namespace vs::sys {

Result<Children> Children::adopt() {
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) return failed("prctl PR_SET_CHILD_SUBREAPER");
    sigset_t wanted;
    ::sigemptyset(&wanted);
    ::sigaddset(&wanted, SIGCHLD);
    if (::sigprocmask(SIG_BLOCK, &wanted, nullptr) < 0) return failed("block SIGCHLD");
    int fd = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) return failed("signalfd");
    return Children(Fd(fd));
}

std::optional<Children::Ended> Children::next() const {
    signalfd_siginfo info{};
    while (::read(fd_.get(), &info, sizeof info) == sizeof info) continue;
    int status = 0;
    pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return std::nullopt;
    return Ended{pid, status_of_wait(status)};
}

Result<> detach_but_for(const std::vector<FdRef>& kept) {
    start_session();
    if (::chdir("/") < 0) return failed("chdir '/'");
    TRY(silence_standard());
    std::vector<unsigned> numbers;
    for (auto fd : kept) numbers.push_back(static_cast<unsigned>(fd.get()));
    std::ranges::sort(numbers);
    unsigned from = 3;
    for (auto number : numbers) {
        if (number > from && ::close_range(from, number - 1, 0) < 0) return failed("close_range");
        from = number + 1;
    }
    if (::close_range(from, ~0U, 0) < 0) return failed("close_range");
    return {};
}

}  // namespace vs::sys
