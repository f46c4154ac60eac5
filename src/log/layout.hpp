#pragma once
// The files of one log, in its directory:
//
//     chain          the notes that open its segments, from the first on, for ever
//     00000001.log   a SegmentHead, then records
//     00000001.seal  the checkpoints of that segment, as notes
//     seal           a SealState: the keys, and where everything ends. Always these bytes, written over in place, so that
//                    what is wiped is gone
//
// The directory belongs to the recorder, which alone writes there. Little-endian, as the records. Freestanding.

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "log/frontier.hpp"
#include "log/seal.hpp"

namespace vs::log {

static_assert(std::endian::native == std::endian::little, "these structures are files");

inline constexpr const char* kChainFile = "chain";
inline constexpr const char* kSealFile = "seal";

/// "00000001.log", "00000001.seal"; a terminating zero.
using SegmentName = std::array<char, 32>;
SegmentName segment_name(std::uint64_t segment, std::string_view ending);
inline constexpr std::string_view kRecordsEnding = ".log";
inline constexpr std::string_view kNotesEnding = ".seal";

/// The beginning of a file of records: what stands before its first one.
struct SegmentHead {
    std::array<char, 8> magic{'v', 's', 'l', 'o', 'g', '\0', '\0', '\1'};
    std::uint64_t segment = 0;
    std::uint64_t size = 0;   ///< records before
    std::uint64_t bytes = 0;  ///< in the files of all segments before
    std::array<Hash, kMostPeaks> peaks{};

    [[nodiscard]] std::optional<Frontier> frontier() const;
};
static_assert(sizeof(SegmentHead) == 32 + 32 * kMostPeaks);

enum class Phase : std::uint64_t {
    closed = 0,  ///< no segment is open: the next one begins with the next record
    open = 1,
    ended = 2,   ///< open, and whoever wrote it has ended in order: nothing may follow what is sealed
};
struct SealState {
    std::array<char, 8> magic{'v', 's', 's', 'e', 'a', 'l', '\0', '\1'};
    Phase phase = Phase::closed;
    std::uint64_t segment = 0;      ///< the last that was opened
    std::uint64_t index = 0;        ///< of the next checkpoint
    std::uint64_t size = 0;         ///< records sealed
    std::uint64_t bytes = 0;        ///< in the files of all closed segments
    std::uint64_t records_end = 0;  ///< of what is sealed, in the open segment's files
    std::uint64_t notes_end = 0;
    std::uint64_t chain_end = 0;
    std::array<std::uint8_t, 32> opening_seed{};     ///< of the note that opens the next segment
    std::array<std::uint8_t, 32> checkpoint_seed{};  ///< of the next checkpoint; zero while closed
    std::array<char, 128> origin{};                  ///< with a terminating zero
    std::array<Hash, kMostPeaks> peaks{};
    Hash check{};                                    ///< of all before; against decay, not against anybody

    [[nodiscard]] std::string_view name() const { return origin.data(); }
    /// Of the tree as it was sealed.
    [[nodiscard]] std::optional<Frontier> frontier() const;
    [[nodiscard]] Hash sum() const;
    /// The check fits and the rest makes sense.
    [[nodiscard]] bool is_sound() const;
};
static_assert(sizeof(SealState) == 72 + 64 + 128 + 32 * kMostPeaks + 32);

/// The open segment and the one before it: nobody can drop what he has just written.
inline constexpr std::uint64_t kLeastKept = 2;

/// How much a log keeps. In the notes, so that the missing of more than that is found.
struct Limits {
    std::uint64_t segment_bytes = 0;  ///< records and notes that fill a segment
    std::uint64_t keep = 0;           ///< segments, the open one included
};

}  // namespace vs::log
