#pragma once
// Making what was written last, for more than one file at a time.

#include "sys/fd.hpp"

namespace vs::sys {

/// Everything of the file system behind `fd` is on disk (syncfs(2)): for large trees.
Result<> sync_file_system(FdRef fd);

/// Every file and directory of a small tree (a few hundred) is on disk. All data goes out before the first fsync(2), so that one commit of
/// the file system's journal covers the whole tree instead of one for each file.
Result<> sync_tree(FdRef dir);

}  // namespace vs::sys
