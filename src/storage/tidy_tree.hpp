#pragma once
// An image is nobody yet: what a fresh installation wrote into its tree that belongs to one machine only is taken out again,
// and what is only in the way.

#include "sys/fd.hpp"

namespace vs::storage {

/// Machine id, ssh host keys, host name, resolver, seeds; caches, logs, backups of databases; devices and what lay in /run and
/// /tmp. An absent file is fine.
Result<> tidy_tree(const sys::DirFd& root);

/// Makes invoke-rc.d(8) refuse to start services while packages are configured; allow_services() takes it away.
Result<> forbid_services(const sys::DirFd& root);
Result<> allow_services(const sys::DirFd& root);

}  // namespace vs::storage
