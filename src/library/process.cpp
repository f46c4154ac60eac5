// What is known of a process.

#include "context/process_status.hpp"
#include "library/report.hpp"
#include "sys/process.hpp"

int vserver_examine(pid_t pid, vserver_process* process) {
    auto asked = vs::library::take(process);
    if (!asked) return vs::library::report(asked.error());
    auto status = vs::context::read_status(pid);
    if (!status) return vs::library::report(status.error());
    vserver_process found = *asked;
    found.pid = pid;
    found.effective = status->effective.bits();
    found.permitted = status->permitted.bits();
    found.inheritable = status->inheritable.bits();
    found.bounding = status->bounding.bits();
    found.ambient = status->ambient.bits();
    found.flags = (status->no_new_privileges ? VSERVER_PROCESS_NO_NEW_PRIVS : 0) | (status->filtered ? VSERVER_PROCESS_FILTERED : 0);
    vs::library::give(found, process);
    return 0;
}

pid_t vserver_self() { return vs::sys::own_pid(); }
