#pragma once
// Where our control groups are on this host: `vservers` on the cgroup2 mount, or the delegated group of vservers.service on a
// systemd host.

#include <string>

#include "base/result.hpp"

namespace vs::context {

/// The cgroup2 file system. Code::unsupported where none is mounted.
Result<std::string> cgroup2_mount();
/// The path of our root group on it, which need not exist yet. Asks systemd for it where that runs.
Result<std::string> group_root();

}  // namespace vs::context
