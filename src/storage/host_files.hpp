#pragma once
// The files of the host's packages as dpkg would have unpacked them: what the packages brought, and nothing that somebody
// changed or added since. Paths, diversions and checksums only; nothing is copied here.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hpp"
#include "storage/packages.hpp"

namespace vs::storage {

/// dpkg's directory on the host, and everything read from it that belongs to the chosen packages.
struct HostDatabase {
    sys::DirFd dir;                      ///< /var/lib/dpkg
    std::vector<std::string> info;       ///< names in dir/info
};
Result<HostDatabase> open_host_database(const std::string& path);

/// One line of a package's list, with the name that it has on the host where a diversion renamed it.
struct PackageFile {
    std::string listed;     ///< absolute, as the package has it
    std::string path;       ///< in the new root
    std::string host_path;  ///< on the host
    bool has_content = false;  ///< other listed files are below it: a directory whatever the host made of it
};

/// diversions: "/bin/sh" is "/bin/sh.distrib" for every package but `by` ("" is the administrator's own).
struct Diversion {
    std::string path, renamed, by;
};
std::vector<Diversion> parse_diversions(std::string_view text);
/// Those whose owner is among the packages, in dpkg's own format.
std::string print_diversions(const std::vector<Diversion>& diversions, const std::set<std::string_view>& packages);

/// The files of one package's list. A diversion by a package that is not chosen does not exist in the new root.
std::vector<PackageFile> package_files(std::string_view list, std::string_view package, const std::vector<Diversion>& diversions,
                                       const std::set<std::string_view>& packages);

/// "md5  path" lines of an info/*.md5sums file, as absolute paths.
std::map<std::string, std::string> parse_md5sums(std::string_view text);

/// Below /usr, or one of the names that a merged /usr has at the top: content that nobody edits.
bool is_program_path(std::string_view path);

/// Names in info/ that are this package's: "NAME.*" or "NAME:ARCH.*".
std::vector<std::string> info_files(const HostDatabase& database, const Package& package);

}  // namespace vs::storage
