#pragma once
// `vserver NAME crossview`: what the host sees of a running server against what the server's own tools say.

#include "guard/host_view.hpp"
#include "guard/judge.hpp"
#include "guard/scan.hpp"
#include "guard/story.hpp"

namespace vs::guard {

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
};

/// What both sides say, to be compared.
struct TwoViews {
    HostView before;              ///< as seen before the server was asked
    Pids alive_after;             ///< host pids that still lived afterwards
    Ports open_after;             ///< and ports that were still open
    Story story;
    Names names;                  ///< that are there in its own layer
};
/// Pure. What came or went while the server was asked is not held against it.
std::vector<Sighting> compare_views(const TwoViews& views, const model::Settings& settings);

struct CrossviewReport {
    model::ServerName name;
    Verdict verdict = Verdict::unknown;
    std::vector<Sighting> sightings;
    std::vector<Unknown> unknown;
    std::size_t processes = 0, sockets = 0, mounts = 0;
};
/// Code::not_running where it does not run.
Result<CrossviewReport> crossview(const storage::Store& store, const server::Server& server, const Notify& notify);

}  // namespace vs::guard
