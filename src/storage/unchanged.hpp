#pragma once
// Which of the host's files are still what their package brought. Outside /usr only those are copied: what an administrator
// or a script wrote into a configuration file is the host's business and may be a secret.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "storage/host_files.hpp"

namespace vs::storage {

/// A file to be compared with the MD5 sum that dpkg has for it; empty where it has none.
struct Suspect {
    std::string host_path;
    std::string md5;
};

/// The files of one package that need a comparison: conffiles, and everything that is no program.
std::vector<Suspect> find_suspects(const std::vector<PackageFile>& files, const Package& package,
                                   const std::map<std::string, std::string>& md5sums);

/// Paths of suspects that are plain files and differ, or cannot be compared. Runs md5sum(1).
Result<std::set<std::string>> changed_files(const std::vector<Suspect>& suspects);

}  // namespace vs::storage
