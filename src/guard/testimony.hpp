#pragma once
// Everything that was heard and seen of a running server, in pieces as they came: what the kernel wrote, what the server's tools wrote.
// Who gathers it has to have rights for that, and looks into none of it; who looks into it, vserver-onlooker, has none.
//
// A testimony is a file of pieces; the findings come back as lines.

#include <string>
#include <string_view>
#include <vector>

#include "guard/views.hpp"
#include "sys/fd.hpp"

namespace vs::guard {

enum class Piece : std::uint8_t {
    rule, place, nesting,   ///< what is expected (Expected)
    task, program, maps,    ///< of a process: /proc/PID/status, the link exe, maps
    vanished,               ///< a process that was listed and gone
    socket, mounts,         ///< a line of protocol, port, address, uid; the mountinfo of its init
    alive, open,            ///< host pids and ports, as the host sees them afterwards
    ps, proc, ports, told,  ///< the answers of its tools: processes, with the column; numbers in /proc; ports, with the tool; names
    asked,                  ///< a directory that ls was asked for
    present,                ///< names in a directory, each with a NUL behind it
    silent,                 ///< what could not be asked or seen, and why
};

/// Writes pieces to a file.
class Testimony {
  public:
    explicit Testimony(sys::FdRef file) : file_(file) {}
    Result<> add(Piece kind, std::string_view of, std::string_view bytes);
    Result<> add(const Expected& expected);
    /// After the last piece. What has no end is not read.
    Result<> finish();

    /// What is gathered of one server is bounded; beyond it things become unknown.
    [[nodiscard]] bool has_room_for(std::size_t size) const;

  private:
    Result<> flush();
    sys::FdRef file_;
    std::string waiting_;
    std::size_t size_ = 0;
};

inline constexpr std::size_t kLargestTestimony = std::size_t{1} << 29;

struct Findings {
    std::vector<Sighting> sightings;
    std::vector<Unknown> unknown;
    std::size_t processes = 0, sockets = 0, mounts = 0;
    std::size_t movers = 0;  ///< see count_movers
};

/// Pure; of whoever has nothing to lose.
Result<Findings> look_into(std::string_view testimony);

std::string print_findings(const Findings& findings);
/// Strict: the writer read hostile data.
Result<Findings> parse_findings(std::string_view text);

}  // namespace vs::guard
