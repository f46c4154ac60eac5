#pragma once
// A look at every file of a tree that may be hostile: by descriptor, following nothing, holding one descriptor at a time.

#include <sys/stat.h>

#include <functional>
#include <string>

#include "sys/fd.hpp"

namespace vs::sys {

/// Calls `visit` with the path below `root` and the status of everything in it, directories before their content. An error
/// of `visit` ends the walk.
Result<> walk_tree(FdRef root, const std::function<Result<>(const std::string& path, const struct stat& status)>& visit);

}  // namespace vs::sys
