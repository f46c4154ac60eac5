#pragma once
// What an open file holds, read so that it can be judged: its data without its holes, what storage has beside what the page
// cache has, and whether its change time can be believed.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "sys/fd.hpp"

namespace vs::sys {

/// Dirty pages are written back (sync_file_range(2)), which write-protects those of shared mappings again, so that the next store through such
/// a mapping moves the change time. It flushes no disk and commits no journal, as fdatasync(2) does for every file that was ever written: that
/// costs a millisecond a file, and nothing here has to outlive a crash.
Result<> write_back(FdRef fd);

/// Up to room.size() bytes from `offset`; fewer only at the end.
Result<std::size_t> read_at(FdRef fd, std::span<unsigned char> room, std::uint64_t offset);

/// Where data begins at or after `offset` (SEEK_DATA); nullopt where only a hole is left. A file system that knows no holes
/// says `offset`.
Result<std::optional<std::uint64_t>> next_data(FdRef fd, std::uint64_t offset);

/// True on file systems whose ctime moves with every change, stores through mappings included. Of others (tmpfs, network
/// file systems) nothing is believed.
Result<bool> keeps_change_times(FdRef fd);

/// From here on this open file is read past the page cache (O_DIRECT). False where the file system cannot.
Result<bool> read_storage_directly(FdRef fd);

/// The clock that files get their times from, in nanoseconds: it moves once a tick.
std::int64_t file_clock();

}  // namespace vs::sys
