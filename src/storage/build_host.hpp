#pragma once
// An image from the packages of the running host, offline.
//
// The files are taken as dpkg would have unpacked them, and dpkg of the new root then configures every package as on a fresh
// installation: accounts, PAM, alternatives, certificates and caches are made there and not copied. So nothing that this
// host's administrator or its scripts wrote can be in the image, secrets above all; a configuration file that was changed
// here is left out and named in the image's notes.

#include <string>
#include <vector>

#include "storage/build.hpp"

namespace vs::storage {

/// Changes whenever a package of this host does.
Result<std::string> host_key(const HostSource& source);

/// Fills `staging`/tree. Returns the notes.
Result<std::vector<std::string>> build_host(const HostSource& source, const Staging& staging, const Observer& observer);

}  // namespace vs::storage
