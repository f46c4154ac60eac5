#pragma once
// What a build helper sees as "/": the tree, a procfs of its PID namespace, a /dev of the harmless nodes, empty /run and /tmp.
//
// Precondition of all: we are in a mount namespace of our own.

#include <string>

#include "sys/fd.hpp"

namespace vs::storage {

/// No mount event leaves or enters this namespace any more.
Result<> isolate_mounts();

/// Attaches `tree` (detached) on the directory `path` and dresses it. Returns the new root, to be entered with chroot.
Result<sys::Fd> prepare_root(const sys::MountFd& tree, const std::string& path);

}  // namespace vs::storage
