// vserver-init: PID 1 of a server that has no init of its own, and of a stopped server while a command runs in it.
//
// It is executed by descriptor, as root of the server, inside its namespaces and under its ceiling; standard input and
// outputs are the console, descriptor 3 gives the table of services (model/service_table.hpp) and then ends. It has no
// option, reads no file of its own, opens no socket and waits in one place, sigtimedwait(2). vserver-init(8) tells what
// it does. It is freestanding (no room but model, no heap): it has to stay small, there is one for every server.

#include <errno.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "model/service_table.hpp"
#include "programs/init/console.hpp"
#include "programs/init/supervisor.hpp"
#include "programs/init/wish.hpp"

namespace vs::init {

namespace {

constexpr int kTableDescriptor = 3;
// Processes that came in from outside are not our children, so nobody tells us when they end: while stopping we look.
constexpr std::chrono::milliseconds kLook{50};

// Static: only as much of it takes memory as the table fills.
std::array<char, model::kMostTableBytes + 1> table_bytes;

/// The whole of descriptor 3; one byte more than a table may have shows one that is too long.
std::string_view read_table_bytes() {
    std::size_t used = 0;
    while (used < table_bytes.size()) {
        ssize_t got = ::read(kTableDescriptor, table_bytes.data() + used, table_bytes.size() - used);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        used += static_cast<std::size_t>(got);
    }
    ::close(kTableDescriptor);
    return {table_bytes.data(), used};
}

/// A tmpfs on /run unless something is mounted there, so that no pid file of an earlier life is left; a /tmp if there
/// is none.
void prepare_directories(Console& console) {
    ::mkdir("/run", 0755);
    struct statx about {};
    bool known = ::statx(AT_FDCWD, "/run", 0, 0, &about) == 0;
    bool mounted = known && (about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
    if (!mounted && ::mount("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64m,nr_inodes=64k") < 0)
        console.line("cannot mount a tmpfs on /run: %s", std::strerror(errno));
    for (const char* shared : {"/run/lock", "/tmp"})
        if (::mkdir(shared, 0777) == 0 && ::chmod(shared, 01777) < 0)
            console.line("cannot open %s to everybody: %s", shared, std::strerror(errno));
}

/// Every signal waits until we ask for it. None is ignored, for us (waitpid(2)) and for the services: whoever executes the first
/// process of a server sees to it, whatever init it has (server/guest_child.hpp).
void take_signals() {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

/// The next signal, or SIGCHLD with nobody behind it when the time has come.
siginfo_t wait_for_signal(std::optional<Instant> until) {
    sigset_t all;
    sigfillset(&all);
    siginfo_t info{};
    timespec limit{};
    if (until) {
        auto left = std::max(*until - Clock::now(), Clock::duration::zero());
        auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
        limit = {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    }
    if (::sigtimedwait(&all, &info, until ? &limit : nullptr) < 0) info.si_signo = SIGCHLD;
    return info;
}

template <typename Ended>
void reap(Ended ended) {
    int status = 0;
    for (pid_t child = 0; (child = ::waitpid(-1, &status, WNOHANG)) > 0;) ended(child, status);
}

struct Request {
    Wish wish;
    Sender sender;
};

std::optional<Request> request_of(const siginfo_t& info) {
    Sender sender = sender_of(info.si_code, info.si_pid);
    auto wish = wish_of(info.si_signo, sender);
    if (!wish) return std::nullopt;
    return Request{*wish, sender};
}

/// In a PID namespace reboot(2) kills what is left in it and shows in the parent's wait status: SIGHUP for a restart,
/// SIGINT for the others (pid_namespaces(7)). Where it is refused the server still ends, by the end of its PID 1.
[[noreturn]] void end_namespace(Wish wish, Console& console) {
    switch (wish) {
        case Wish::power_off: ::reboot(RB_POWER_OFF); break;
        case Wish::halt: ::reboot(static_cast<int>(RB_HALT_SYSTEM)); break;
        case Wish::reboot: ::reboot(static_cast<int>(RB_AUTOBOOT)); break;
    }
    console.line("cannot %s: %s", name_of(wish), std::strerror(errno));
    ::_exit(1);
}

/// Asks everybody to end, waits until they have or the grace is over, ends the namespace. Outside has the last word.
[[noreturn]] void shut_down(Request request, std::chrono::milliseconds grace, Console& console) {
    console.line("%s, asked from %s", name_of(request.wish), request.sender == Sender::inside ? "inside" : "outside");
    ::kill(-1, SIGTERM);
    ::kill(-1, SIGCONT);
    const Instant deadline = Clock::now() + grace;
    while (::kill(-1, 0) == 0 && Clock::now() < deadline) {
        auto again = request_of(wait_for_signal(std::min(deadline, Clock::now() + kLook)));
        if (again && again->sender == Sender::outside) request = *again;
        reap([](pid_t, int) {});
    }
    if (::kill(-1, 0) == 0) console.line("processes are left after the grace: killing them");
    end_namespace(request.wish, console);
}

[[noreturn]] void run(const model::ServiceTable& table, Console& console) {
    Supervisor supervisor(table, console);
    for (;;) {
        supervisor.start_due(Clock::now());
        auto request = request_of(wait_for_signal(supervisor.next_start()));
        reap([&](pid_t child, int status) { supervisor.ended(child, status, Clock::now()); });
        if (request) shut_down(*request, table.stop_grace, console);
    }
}

}  // namespace

}  // namespace vs::init

int main() {
    using namespace vs;
    // What a careless caller left open must not be there for the server to use (CVE-2024-21626).
    ::close_range(init::kTableDescriptor + 1, ~0U, 0);
    init::Console console;
    if (::getpid() != 1) {
        console.line("is PID 1 of a virtual server and nothing else: see vserver-init(8)");
        return 2;
    }
    init::take_signals();
    // Executed by descriptor, the kernel would call us by the number of it; vreboot(8) looks for this name.
    ::prctl(PR_SET_NAME, "vserver-init");
    ::setsid();
    ::umask(022);
    auto table = model::read_service_table(init::read_table_bytes());
    if (!table) {
        console.line("the table of services is damaged: it was not written by this version");
        return 1;
    }
    init::prepare_directories(console);
    init::run(*table, console);
}
