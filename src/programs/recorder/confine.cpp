// Part of a freestanding program: see recorder.cpp.

#include "programs/recorder/confine.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/sanitized.hpp"
#include "programs/drop_root.hpp"
#include "programs/recorder/filter.hpp"
#include "programs/recorder/sealed_store.hpp"
#include "server/keeper_protocol.hpp"

namespace vs::recorder {

namespace {

/// The store's files have to get their numbers: a gap below would be filled first.
bool has_all_descriptors() {
    std::array<pollfd, int{kSealDescriptor} - int{keeper::kConsole}> given{};
    for (std::size_t i = 0; i < given.size(); ++i) given[i].fd = keeper::kConsole + static_cast<int>(i);
    return ::poll(given.data(), given.size(), 0) >= 0 && std::ranges::none_of(given, [](const pollfd& one) { return (one.revents & POLLNVAL) != 0; });
}

bool open_null(int& null) {
    null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    return null >= 0;
}

/// Standard descriptors that lead nowhere.
bool use_null(int null) {
    for (int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (null != standard && ::dup2(null, standard) < 0) return false;
    return null <= STDERR_FILENO || ::close(null) == 0;
}

bool limit_resources() {
    constexpr rlimit kNothing{0, 0};
    // As many as we may: the filter lets us use few of them, but by this the kernel bounds how many the recorders of all servers, who are
    // one user to it, have waiting in sockets (net/core/scm.c, too_many_unix_fds).
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) < 0) return false;
    descriptors.rlim_cur = descriptors.rlim_max;
    return ::setrlimit(RLIMIT_CORE, &kNothing) == 0 && ::setrlimit(RLIMIT_NPROC, &kNothing) == 0 &&
           ::setrlimit(RLIMIT_NOFILE, &descriptors) == 0;
}

}  // namespace

const char* confine(uid_t uid) {
    int null = -1;
    if (!has_all_descriptors()) return "find its descriptors";
    if (::close_range(kSealDescriptor, ~0U, 0) < 0) return "close descriptors";
    if (!open_null(null)) return "open /dev/null";
    if (::fchdir(keeper::kLogDir) < 0 || ::chroot(".") < 0) return "make the log directory its root";
    if (!limit_resources()) return "limit its resources";
    if (const char* failed = programs::drop_root(uid)) return failed;
    if (!use_null(null)) return "turn away from its standard descriptors";
    if (!base::kSanitized && !install_filter()) return "filter its system calls";
    return nullptr;
}

}  // namespace vs::recorder
