#pragma once
// One segment against the note that opened it.

#include <functional>
#include <vector>

#include "log/note.hpp"
#include "log/verify.hpp"

namespace vs::log {

struct SegmentFiles {
    std::string records, notes;
};
/// What is known of one segment after it was checked.
struct SegmentVerdict {
    std::vector<Finding> findings;
    std::vector<Checkpoint> checkpoints;  ///< that are good; their views are into the notes
    PublicKey last_key{};                 ///< that signed the last of them
    PublicKey next_key{};                 ///< of the checkpoint after them
    bool is_final = false;                ///< the last of them says so
    bool is_torn = false;                 ///< something that is no note follows
    std::uint64_t size = 0;               ///< records before and in it
    std::uint64_t gaps = 0, lost_records = 0, found_unsealed = 0;
    std::uint64_t rubbish = 0;            ///< bytes after its records that are none

    [[nodiscard]] std::uint64_t sealed(const Opening& opening) const {
        return checkpoints.empty() ? opening.tree.size : checkpoints.back().tree.size;
    }
};
SegmentVerdict verify_segment(const SegmentFiles& files, const Opening& opening);

}  // namespace vs::log
