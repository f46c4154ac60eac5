#pragma once
// Is a log what its recorder wrote? Everything is computed anew from the records; nothing that is only stored is believed.
// What is checked, and against whom: docs/decisions/log.md.

#include <string>
#include <vector>

#include "log/directory.hpp"

namespace vs::log {

struct Finding {
    std::uint64_t record = 0;  ///< the first that is not, or no longer, provably what was written
    std::uint64_t last = 0;    ///< up to this one: a checkpoint covers several
    std::string what;
};
struct Verdict {
    std::string origin;
    std::uint64_t first = 0;   ///< the oldest record that is kept
    std::uint64_t sealed = 0;  ///< records that the last good checkpoint covers
    std::uint64_t size = 0;    ///< records that are there
    Hash root{};               ///< of the sealed ones
    std::uint64_t sealed_at = 0;
    std::uint64_t gaps = 0, lost_records = 0;
    std::uint64_t found_unsealed = 0;  ///< records that killed recorders left and their successors sealed
    std::uint64_t rubbish = 0;         ///< bytes at the end that are no record: a writer was killed, or somebody altered what was not sealed
    std::vector<Finding> findings;  ///< by record; none: the log is good

    [[nodiscard]] bool good() const { return findings.empty(); }
};

/// `key` is the one of the log's first segment. Fails only where files cannot be read that are there.
Result<Verdict> verify(const LogDirectory& directory, const PublicKey& key);

/// "record 17: ...", "records 17 to 20: ..."
std::string describe(const Finding& finding);

}  // namespace vs::log
