#pragma once
// Whole directory trees, walked by descriptor so that a tree that changes under us cannot lead us out of it.

#include "sys/fd.hpp"

namespace vs::sys {

/// rm -rf of `name` below `dir`: follows no link, crosses no mount point, and an absent tree is success.
/// Iterative: a hostile tree of any depth neither overflows the stack nor runs out of descriptors.
Result<> remove_tree(FdRef dir, const std::string& name);

}  // namespace vs::sys
