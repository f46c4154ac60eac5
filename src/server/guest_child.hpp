#pragma once
// The first process of a server, from clone to the exec of its init.
//
// Between the two it allocates nothing, takes no lock and uses only what was prepared before the clone; a failure is a
// fixed-size record on its socket. It runs beside its builder: while that builds the root, it makes its own network and
// cgroup namespaces, which is half of the time of a start.
//
//     builder                                     child
//     clone3, id maps            -- go ahead -->  becomes root, joins version 1 groups, unshares network and cgroup
//                                <-- ready --     its namespaces are there
//     host side of the network   -- up (command) -> configures its network
//     builds the root, mounts proc, sysfs and cgroup2 of those namespaces
//                                -- root, tty --> enters the root, unshares its mounts (which locks them)
//                                                 lowers its ceiling, exec
//                                <-- end of stream (exec) or a failure record

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
    wait_for_maps,
    become_root,
    join_cgroup,
    unshare_namespaces,
    announce_network,
    announce_namespaces,
    receive_root,
    enter_root,
    unshare_mounts,
    wait_for_network,
    configure_network,
    set_names,
    make_keyring,
    take_terminal,
    scope_sockets,
    load_filter,
    lower_ceiling,
    exec_init,
};
std::string_view child_step_text(ChildStep step);

struct ChildFailure {
    ChildStep step = ChildStep::wait_for_maps;
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

/// Never returns. `builder` and `network` are SEQPACKET sockets; `network` is used where own_network is set.
/// Precondition: `builder` is at least 64, so that nothing it makes on its way lands there.
[[noreturn]] void run_guest_child(const ChildPlan& plan, int builder, int network) noexcept;

}  // namespace vs::server
