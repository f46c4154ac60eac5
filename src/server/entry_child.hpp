#pragma once
// The process that goes into a running server, from clone to exec. Like guest_child: nothing is allocated, a failure is a
// fixed-size record on its socket.
//
// It is cloned straight into the server's PID namespace and control group, and joins the other namespaces itself.

#include <linux/filter.h>
#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "context/ceiling.hpp"
#include "server/guest_child.hpp"

namespace vs::server {

enum class EntryStep : std::uint8_t {
    join_cgroup,
    set_limits,
    join_namespaces,
    become_root,
    check_root,
    open_terminal,
    send_terminal,
    place_descriptors,
    make_keyring,
    read_accounts,
    find_user,
    scope_sockets,
    load_filter,
    lower_ceiling,
    become_user,
    enter_directory,
    exec_command,
};
std::string_view entry_step_text(EntryStep step);

struct EntryFailure {
    EntryStep step = EntryStep::join_cgroup;
    context::CeilingOutcome ceiling;
    std::int32_t errno_value = 0;
};

struct EntryPlan {
    int init = -1;                       ///< pidfd of the server's init
    std::uint64_t namespaces = 0;        ///< CLONE_NEW* to join, without the PID namespace
    std::vector<int> v1_tasks;
    bool terminal = false;               ///< allocate one; its master goes to the socket before anything else
    int standard[3] = {0, 1, 2};         ///< what becomes 0, 1, 2 without a terminal
    std::vector<PreparedLimit> limits;
    int nice = 0;
    std::span<const sock_filter> filter;
    bool scope_sockets = false;          ///< as ChildPlan's
    context::Ceiling ceiling;
    std::string user, directory;         ///< directory: empty is the home for a shell and "/" for a command
    std::vector<char*> argv;             ///< null-terminated; empty but for that: the login shell
    std::vector<char*> environment;      ///< what the account says is added: HOME, USER, LOGNAME, SHELL
};

/// Never returns.
[[noreturn]] void run_entry_child(const EntryPlan& plan, int socket) noexcept;

}  // namespace vs::server
