#pragma once
// dpkg's database of a new root whose packages are unpacked and wait to be configured.

#include <set>
#include <vector>

#include "storage/host_files.hpp"
#include "sys/fd.hpp"

namespace vs::storage {

struct NewDatabase {
    const HostDatabase* host = nullptr;
    const std::vector<Package>* packages = nullptr;
    const std::vector<Diversion>* diversions = nullptr;
};
/// Writes var/lib/dpkg below `root`: exactly these packages, their scripts and lists, and the triggers and diversions that
/// are theirs. Overrides of modes and alternatives are not copied: the packages' own scripts make theirs again.
Result<> write_database(const sys::DirFd& root, const NewDatabase& database);

/// The paragraph of a package that was never configured: without conffiles that are obsolete, or state of this host.
std::string unpacked_stanza(const Package& package);
/// Lines "path package" or "path package/noawait" of triggers/File whose package is chosen.
std::string chosen_triggers(std::string_view text, const std::set<std::string_view>& packages);

}  // namespace vs::storage
