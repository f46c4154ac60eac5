#pragma once
// Both sides of a running server: what the host sees and what the server's own tools say, and what follows from the difference. Values
// and pure functions: all of it is made of what a stranger may have chosen, so vserver-onlooker computes it, which can do nothing else
// (testimony.hpp).

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "guard/policy.hpp"
#include "guard/story.hpp"
#include "sys/mount_table.hpp"
#include "sys/sock_diag.hpp"
#include "sys/task.hpp"

namespace vs::guard {

struct HostView {
    std::vector<sys::Task> tasks;
    std::vector<sys::OpenSocket> sockets;
    std::vector<sys::MountEntry> mounts;  ///< of its init's namespace, in the order of mounting
};

/// What the settings say of places.
struct Expected {
    std::vector<Rule> rules;
    std::set<std::string> places;  ///< volumes and mounts of the settings
    bool nesting = false;
    static Expected of(const model::Settings& settings);
};

/// What both sides say, to be compared.
struct TwoViews {
    HostView before;              ///< as seen before the server was asked
    Pids alive_after;             ///< host pids that still lived afterwards
    Ports open_after;             ///< and ports that were still open
    Story story;
    Names names;                  ///< that are there in its own layer
    std::size_t vanished = 0;     ///< processes that were listed and gone before they could be looked at
};

enum class Trick : std::uint8_t {
    hidden_process,     ///< its ps or its /proc does not show one that lives
    hidden_socket,      ///< its ss or netstat does not show a port that is open
    hidden_file,        ///< its ls does not show a name that is there
    foreign_mount,      ///< something is mounted over what should be seen
    deleted_program,    ///< a process runs a file that has no name any more
    memory_program,     ///< a process runs a file that never had one
    deleted_code,       ///< a process has mapped code of a deleted or nameless file
    anonymous_code,     ///< a process has code that is in no file: a compiler at run time, or an injection
};
std::string_view trick_name(Trick trick);

struct Sighting {
    Trick trick = Trick::hidden_process;
    std::string subject;  ///< "process 12 (sshd), host pid 4711"
    std::string detail;
    /// What proves nothing: ordinary programs do it too.
    [[nodiscard]] bool is_hint() const { return trick == Trick::anonymous_code; }
    friend auto operator<=>(const Sighting&, const Sighting&) = default;
};

/// What came or went while the server was asked is not held against it; see count_movers.
std::vector<Sighting> compare_views(const TwoViews& views, const Expected& expected);

/// Processes and ports that came or went while the server was asked and of which its tools said nothing: short lives, or somebody who
/// never is the same process for long enough to be in two lists.
std::size_t count_movers(const TwoViews& views);

/// Mounts that neither we nor the settings have put there, over a place where something is expected to stay.
std::vector<sys::MountEntry> foreign_mounts(const std::vector<sys::MountEntry>& mounts, const Expected& expected);

/// "tcp 22"
std::string port_of(const sys::OpenSocket& socket);

}  // namespace vs::guard
