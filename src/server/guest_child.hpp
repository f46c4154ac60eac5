#pragma once
// The first process of a server, from clone to the exec of its init.
//
// Between the two it allocates nothing, takes no lock and uses only what was prepared before the clone; a failure is a
// fixed-size record on its socket. It runs beside its builder and the command: while those make the root and the host's side of
// its network, it makes its namespaces, which is half of the time of a start, and does whatever else needs neither. The last
// stretch, beside which nothing is left to do, is short.
//
//     command                     builder                        child
//                                 clone3, id maps -- go ahead -> joins version 1 groups before, becomes root after it
//                                                                unshares network and cgroup, loads its filter
//         <------------------------- made ---------------------- its namespaces are there
//                                        <----- made -----------
//     host side of the network -------------- go on -----------> configures its network
//                                 the root     -- root, tty ---> enters it, unshares its mounts (which locks them)
//                                 becomes the keeper             lowers its ceiling, says "prepared", exec
//         <------------------------- end of stream (exec) or a failure record

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "context/ceiling.hpp"
#include "server/process_limits.hpp"
#include "sys/clone.hpp"

namespace vs::server {

/// What the child was doing when it failed; one table of words, so that a message cannot name the wrong step.
enum class ChildStep : std::uint8_t {
    reset_signals,
    join_cgroup,
    wait_for_maps,
    become_root,
    unshare_namespaces,
    announce_namespaces,
    set_names,
    make_keyring,
    scope_sockets,
    load_filter,
    wait_for_network,
    configure_network,
    receive_root,
    enter_root,
    unshare_mounts,
    take_terminal,
    lower_ceiling,
    announce_exec,
    exec_init,
};
std::string_view child_step_text(ChildStep step);

struct ChildFailure {
    ChildStep step = ChildStep::reset_signals;
    context::CeilingOutcome ceiling;  ///< meaningful for lower_ceiling
    std::int32_t errno_value = 0;
};
[[nodiscard]] Error child_error(const ChildFailure& failure, const std::string& init);

/// Everything the child needs. The strings and vectors live in the builder and are only read.
struct ChildPlan {
    bool own_network = true;                  ///< a network namespace of its own
    bool scope_sockets = false;               ///< abstract unix sockets of the host, which belong to its network, are closed
    std::vector<char> network_row;            ///< netlink messages for it
    std::vector<int> v1_tasks;                ///< version 1 groups to join
    std::string host_name, domain_name;
    std::vector<PreparedLimit> limits;        ///< given to it by the builder, and so is its priority
    int nice = 0;
    std::span<const sock_filter> filter;
    int view = -1;                      ///< a connection to its network view (network_view.hpp), where it has one; at least 64
    context::Ceiling ceiling;
    std::string init_path;              ///< in the server; empty: not tried
    std::vector<char*> argv;            ///< of it, null-terminated
    int fallback_fd = -1;               ///< a program of the host, executed where init_path is empty or not there; at least 64
    std::vector<char*> fallback_argv;
    int fallback_input = -1;            ///< becomes its descriptor 3
    std::vector<char*> environment;     ///< of either
};

/// The child's last word before the exec. A stream that ends behind it has ended by the exec, or by a kill in the midst of it.
inline constexpr char kPrepared = 'x';

/// Never returns. `builder` and `command` are SEQPACKET sockets.
/// Precondition: `builder` is at least 64, so that nothing it makes on its way lands there.
[[noreturn]] void run_guest_child(const ChildPlan& plan, int builder, int command) noexcept;

}  // namespace vs::server
