#pragma once
// The process that goes into a running server, from clone to exec. Like guest_child: nothing is allocated, a failure is a
// fixed-size record on its socket.
//
// It is two processes. The visitor is cloned into the server's control group, but in our PID namespace, where nobody inside sees
// it. It leaves every namespace of the host's behind, and only then clones the one that goes on, as a child of our own. What
// is seen inside therefore never was in a namespace of the host's: the mount table and the network of any process are
// there for everybody to read in /proc, and a server can stop what is in its control group at any moment.

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
    appear_inside,
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
    std::uint64_t namespaces = 0;        ///< CLONE_NEW* to join
    std::span<char> arguments;           ///< our own command line, which the server must not read
    std::vector<int> v1_tasks;
    bool terminal = false;               ///< allocate one; its master goes to the socket before anything else
    int standard[3] = {0, 1, 2};         ///< what becomes 0, 1, 2 without a terminal
    std::vector<PreparedLimit> limits;
    int nice = 0;
    std::span<const sock_filter> filter;
    int view = -1;                       ///< as ChildPlan's
    bool scope_sockets = false;          ///< as ChildPlan's
    context::Ceiling ceiling;
    std::string user, directory;         ///< directory: empty is the home for a shell and "/" for a command
    std::vector<char*> argv;             ///< null-terminated; empty but for that: the login shell
    std::vector<char*> environment;      ///< what the account says is added: HOME, USER, LOGNAME, SHELL
};

/// Runs as the visitor. The pidfd of the process that goes on is sent to `birth`, what becomes of it to `socket`, which is closed
/// by the exec. Never returns.
[[noreturn]] void run_entry_child(const EntryPlan& plan, int socket, int birth) noexcept;

}  // namespace vs::server
