#pragma once
// Which context a process is in: its PID namespace against the registered contexts, its control group against the virtual
// servers. Read once, asked for many processes.

#include <sys/types.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "context/registry.hpp"

namespace vs::context {

enum class Kind {
    main,        ///< the main environment, context 0
    registered,  ///< made with --ctx
    unnamed,     ///< made without: its number is its PID namespace's
    server,      ///< a virtual server
    hidden,      ///< the kernel does not tell us (ordinary users, of others' processes)
};

struct Membership {
    Kind kind = Kind::hidden;
    std::uint64_t number = 0;
    std::string name{};  ///< of a server or a registered context
    Flags flags = 0;
    Areas areas = 0;
    friend bool operator==(const Membership&, const Membership&) = default;
};

/// The server whose control group a line of /proc/PID/cgroup is in; empty where it is none.
std::string_view server_of_cgroup(std::string_view line);

class Roster {
  public:
    static Roster read();
    [[nodiscard]] Membership of(pid_t pid) const;
    /// Registered contexts and running servers, by number.
    [[nodiscard]] const std::vector<Membership>& known() const { return known_; }

  private:
    [[nodiscard]] const Membership* server(pid_t pid) const;

    std::uint64_t home_ = 0;      ///< our own PID namespace
    bool home_is_main_ = false;
    std::map<std::uint64_t, Membership> by_namespace_;
    std::map<std::string, Membership, std::less<>> servers_;
    std::vector<Membership> known_;
};

/// Whether we are outside of every context: in the machine's first PID namespace, or in that of a machine made of namespaces, whose
/// process 1 is under no filter of ours.
bool in_main_environment();

/// Every process that we see, in ascending order.
Result<std::vector<pid_t>> all_processes();

}  // namespace vs::context
