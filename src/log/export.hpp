#pragma once
// Records that somebody else can check: each with the path that leads from it to the root of a signed checkpoint.

#include <string>
#include <vector>

#include "log/directory.hpp"
#include "log/proof.hpp"

namespace vs::log {

struct ProvedRecord {
    std::uint64_t sequence = 0;
    std::string leaf;  ///< the bytes that are hashed: the record without its check
    Path path;
};
struct Export {
    std::string checkpoint;  ///< the note that covers them all
    std::vector<ProvedRecord> records;
};
/// All that is kept and sealed. Says nothing about whether the log is good: verify() does.
Result<Export> export_log(const LogDirectory& directory);

}  // namespace vs::log
