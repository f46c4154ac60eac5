#pragma once
// dpkg's database (/var/lib/dpkg/status) as values: which packages are installed, and which of them a new root needs.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace vs::storage {

/// "libc6 (>= 2.36)": the relation is empty where any version will do.
struct Requirement {
    std::string_view name, relation, version;
};
struct Conffile {
    std::string_view path, md5;
};
/// Views into the text that was parsed.
struct Package {
    std::string_view name, version, architecture;
    std::string_view stanza;  ///< its whole paragraph
    bool is_base = false;     ///< Essential, or priority required or important
    std::vector<std::vector<Requirement>> depends;  ///< Pre-Depends and Depends: each a list of alternatives
    std::vector<Requirement> provides;
    std::vector<Conffile> conffiles;  ///< without obsolete ones: they are nobody's any more
};

/// Packages that are installed, of dpkg's own architecture or of all.
std::vector<Package> parse_status(std::string_view text);

/// The base system, what `requested` names, and all that they depend on, by name. Of alternatives the one that is in already,
/// else the first that is installed. Code::usage where a requested package is not installed.
Result<std::vector<Package>> select_packages(const std::vector<Package>& installed, const std::vector<std::string>& requested);

}  // namespace vs::storage
