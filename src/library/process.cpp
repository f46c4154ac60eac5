// What is known of processes.

#include <cerrno>

#include "context/process_status.hpp"
#include "context/roster.hpp"
#include "library/report.hpp"
#include "sys/process.hpp"

namespace {

using namespace vs;

static_assert(VSERVER_KIND_MAIN == static_cast<unsigned>(context::Kind::main) &&
              VSERVER_KIND_REGISTERED == static_cast<unsigned>(context::Kind::registered) &&
              VSERVER_KIND_UNNAMED == static_cast<unsigned>(context::Kind::unnamed) &&
              VSERVER_KIND_SERVER == static_cast<unsigned>(context::Kind::server) &&
              VSERVER_KIND_HIDDEN == static_cast<unsigned>(context::Kind::hidden));

Result<vserver_process> examine(pid_t pid, const context::Roster& roster) {
    vserver_process found = VSERVER_INIT_PROCESS;
    auto status = TRY(context::read_status(pid));
    found.pid = pid;
    found.start_time = TRY(sys::start_time(pid));
    status.name.copy(found.command, sizeof found.command - 1);
    found.effective = status.effective.bits();
    found.permitted = status.permitted.bits();
    found.inheritable = status.inheritable.bits();
    found.bounding = status.bounding.bits();
    found.ambient = status.ambient.bits();
    found.flags = (status.no_new_privileges ? VSERVER_PROCESS_NO_NEW_PRIVS : 0) | (status.filtered ? VSERVER_PROCESS_FILTERED : 0);
    const auto member = roster.of(pid);
    found.context = member.number;
    found.kind = static_cast<std::uint32_t>(member.kind);
    found.context_flags = member.flags;
    member.name.copy(found.name, sizeof found.name - 1);
    return found;
}

/// First the descriptor, then the question who it is: from there on nobody else can be meant.
Result<> send(const vserver_process& known, int signal) {
    const Error gone{Code::not_running, ESRCH, fmt::format("process {} has ended", known.pid), {}};
    auto process = sys::open_pidfd(known.pid);
    if (!process) return std::unexpected<Error>(process.error().errno_value == ESRCH ? gone : process.error());
    auto start = sys::start_time(known.pid);
    if (!start) return std::unexpected<Error>(gone);
    if (*start != known.start_time)
        return std::unexpected<Error>(Error{Code::not_running, ESRCH, fmt::format("process {} has ended, and its number is another one's now", known.pid), {}});
    return sys::send_signal(*process, signal);
}

}  // namespace

int vserver_examine(pid_t pid, vserver_process* process) {
    auto asked = library::take(process);
    if (!asked) return library::report(asked.error());
    auto found = examine(pid, context::Roster::read());
    if (!found) return library::report(found.error());
    library::give(*found, process);
    return 0;
}

ssize_t vserver_list(vserver_process* processes, size_t size, size_t count) {
    auto pids = context::all_processes();
    if (!pids) return library::report(pids.error());
    if (count == 0) return static_cast<ssize_t>(pids->size());
    if (processes == nullptr || size < sizeof(std::size_t)) return library::report(Error{Code::usage, 0, "a list without its element's size", {}});
    const auto roster = context::Roster::read();
    auto* place = reinterpret_cast<unsigned char*>(processes);
    std::size_t total = 0;
    for (pid_t pid : *pids) {
        auto found = examine(pid, roster);
        if (!found) continue;
        if (total++ >= count) continue;
        auto* element = reinterpret_cast<vserver_process*>(place);
        element->size = size;
        library::give(*found, element);
        place += size;
    }
    return static_cast<ssize_t>(total);
}

int vserver_signal(const vserver_process* process, int signal) {
    auto known = library::take(process);
    if (!known) return library::report(known.error());
    return library::report(send(*known, signal));
}

pid_t vserver_self() { return sys::own_pid(); }
