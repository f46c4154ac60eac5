#pragma once
// One record of a log, as bytes. What a guest wrote stands in it verbatim; what the host knows stands before it.
//
//      0   4  length of all of it
//      4   1  format, 1
//      5   1  kind
//      6   1  source
//      7   1  flags
//      8   8  sequence, from 0: the number of its leaf
//     16   8  time of the host's clock, nanoseconds since 1970
//     24   8  time since the host's start, suspended or not, nanoseconds
//     32  16  the boot's id
//     48   4  process, as the sender claims; 0: nobody claimed anything
//     52   4  user, as the sender claims
//     56   n  payload
//   56+n   8  the first bytes of the leaf's hash: names the damaged record of an interval, proves nothing
//
// Little-endian. The leaf of the tree is what stands before the last eight bytes. Freestanding.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "log/hash.hpp"

namespace vs::log {

inline constexpr std::size_t kHeadSize = 56;
inline constexpr std::size_t kCheckSize = 8;
inline constexpr std::size_t kMostPayload = 65536;
inline constexpr std::size_t kMostRecord = kHeadSize + kMostPayload + kCheckSize;

using BootId = std::array<std::uint8_t, 16>;

enum class Kind : std::uint8_t {
    text = 1,   ///< what a server wrote
    gap = 2,    ///< what is missing here: Gap
    begin = 3,  ///< a recorder began its work
    end = 4,    ///< and ended it because the server had ended
    found = 5,  ///< the records before were not sealed when a recorder found them: Found
};
enum class Source : std::uint8_t {
    recorder = 0,
    console = 1,
    datagram = 2,  ///< /dev/log
    stream = 3,    ///< a connection
    journal = 4,   ///< the journal of a systemd inside
    host = 5,      ///< the host's own words about the server
};
enum class Flag : std::uint8_t {
    none = 0,
    truncated = 1,   ///< it was longer
    unfinished = 2,  ///< of a stream: its last line goes on in the next record of the same process
};

struct Head {
    Kind kind = Kind::text;
    Source source = Source::recorder;
    Flag flag = Flag::none;
    std::uint64_t sequence = 0;
    std::uint64_t realtime = 0, boottime = 0;  ///< nanoseconds
    BootId boot{};
    std::uint32_t claimed_pid = 0, claimed_uid = 0;
};
struct Record {
    Head head;
    std::string_view payload;  ///< into the bytes it was read from
    Hash leaf{};
};

using HeadBytes = std::array<char, kHeadSize>;
/// The bytes before a payload of `payload_size`.
HeadBytes write_head(const Head& head, std::size_t payload_size);

/// Whether a record that begins with `bytes`, which may be cut anywhere, is of what came by a socket. The console has no queue that keeps
/// what was read.
bool is_from_socket(std::string_view bytes);

enum class RecordError {
    incomplete,  ///< the bytes end before it does
    malformed,   ///< no record looks like this
    damaged,     ///< its check does not fit
};
/// The length that the first four bytes claim; nothing where they are not there or no record is that long.
std::optional<std::size_t> record_length(std::string_view bytes);
struct ReadRecord {
    std::optional<Record> record;
    RecordError error = RecordError::incomplete;
};
/// The record at the beginning of `bytes`, which may be anything. Its check fits.
ReadRecord read_record(std::string_view bytes);

enum class Cause : std::uint8_t {
    disk_full = 1,
    write_error = 2,
    torn = 3,     ///< the recorder was killed while it wrote
    rate = 4,     ///< more records than the server may write
    foreign = 5,  ///< not a loss: it was added while no recorder ran, and is not kept
};
/// What is missing between the record before and the one after. Durable in a log as the payload of a record.
struct Gap {
    std::uint64_t records = 0, bytes = 0;
    std::uint64_t first = 0, last = 0;  ///< when, of the host's clock
    Cause cause = Cause::disk_full;
};
inline constexpr std::size_t kGapSize = 33;
std::array<char, kGapSize> write_gap(const Gap& gap);
std::optional<Gap> read_gap(std::string_view payload);

/// What a recorder that was killed had not sealed yet, and the next one took over. Only somebody who can write to the store may have
/// added to it in between. Durable as the payload of a record.
struct Found {
    std::uint64_t records = 0;  ///< the last ones before this
};
inline constexpr std::size_t kFoundSize = 8;
std::array<char, kFoundSize> write_found(const Found& found);
std::optional<Found> read_found(std::string_view payload);

}  // namespace vs::log
