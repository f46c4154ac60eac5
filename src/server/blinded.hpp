#pragma once
// Which daemons of the host would see less where its /proc shows a process only to whoever may trace it (hidepid=ptraceable): those
// without CAP_SYS_PTRACE. And which systemd can give a /proc of their own.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace vs::server {

/// A service as `systemctl show` has it.
struct ShownService {
    std::string name;
    pid_t main = 0;             ///< its first process; 0 where it does not run
    bool is_blinded = false;    ///< by its settings: another user than root, or a ceiling without CAP_SYS_PTRACE
    bool has_own_proc = false;  ///< and is touched by nothing that is done to the machine's
    bool is_session = false;    ///< of a user's manager: what he sees of others is meant
};
/// Pure.
std::vector<ShownService> parse_shown_services(std::string_view text);

/// A process of the host, outside of servers, in the machine's own /proc and without CAP_SYS_PTRACE.
struct BlindProcess {
    pid_t pid = 0;
    std::string name;
    std::string service;  ///< empty where it is in none
    friend bool operator==(const BlindProcess&, const BlindProcess&) = default;
};
/// Without those of users' sessions.
Result<std::vector<BlindProcess>> blind_processes();
/// Pure. The service whose control group /proc/PID/cgroup tells; empty where it is none; nullopt for a user's session.
std::optional<std::string> service_of_cgroup(std::string_view text);

struct Blinded {
    std::vector<std::string> services;  ///< that can have a /proc of their own: units or, for instances, their templates
    std::vector<std::string> running;   ///< services of those with a process that has it not yet
    std::vector<BlindProcess> others;   ///< that cannot be helped: in no service, or below a process that sees everything
};
Result<Blinded> find_blinded();
/// Pure: what has a drop-in for a service, "user@.service" for "user@7.service".
std::string template_of(const std::string& service);

}  // namespace vs::server
