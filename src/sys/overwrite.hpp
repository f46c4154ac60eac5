#pragma once
// Whether what is written over a file's bytes takes their place on the disk. Where it does not, a key that was written over is still there.
// (What a disk does beneath its block addresses is another matter.)

#include "sys/fd.hpp"

namespace vs::sys {

enum class Overwrite { in_place, elsewhere };

/// What becomes of files that are made in `directory`.
Result<Overwrite> overwrite_of(FdRef directory);
/// From now on in place, where the file system leaves the choice: btrfs does (FS_NOCOW_FL), unless it makes a snapshot.
Result<> overwrite_in_place(FdRef directory);

}  // namespace vs::sys
