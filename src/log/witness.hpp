#pragma once
// What somebody else remembers of a log, so that no older state of it can be put back, keys and all: the largest checkpoint that
// he has seen. Each key signs once and names the next, so a log that goes on from that checkpoint holds this very note; a log that
// was put back and went on holds another one, or is shorter.
//
// Who judges needs no records and does not trust the machine: only its verification key.

#include <string>
#include <vector>

#include "log/directory.hpp"
#include "log/machine.hpp"

namespace vs::log {

/// All of a log that is signed. From another machine it may be anything.
struct SignedNotes {
    std::string issued;  ///< the machine's notes about its logs
    std::string chain;
    struct Segment {
        std::uint64_t number = 0;
        std::string notes;
    };
    std::vector<Segment> segments;  ///< that are kept
};
Result<SignedNotes> collect_notes(const Machine& machine, const LogDirectory& directory);

struct Witnessed {
    std::string note;  ///< the largest checkpoint, to be remembered
    std::string origin;
    std::uint64_t size = 0;
};
/// `remembered` is the note of the last time, or empty at the first. Code::failed where the log does not go on from there.
Result<Witnessed> witness(const SignedNotes& notes, const VerificationKey& trusted, std::string_view remembered);

}  // namespace vs::log
