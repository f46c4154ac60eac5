#pragma once
// An image from a Debian archive, by mmdebstrap and this machine's own apt sources.

#include <string>
#include <vector>

#include "storage/build.hpp"

namespace vs::storage {

/// What a build comes from, once the host was asked: enough for the key, and for the build.
struct DebianPlan {
    std::string suite;
    std::string architecture;
    std::vector<std::string> packages;  ///< sorted, with those that make a server
    std::string sources;                ///< lines of sources.list; empty: mmdebstrap's own choice
};
Result<DebianPlan> plan_debian(const DebianSource& source);
std::string debian_key(const DebianPlan& plan);

/// Fills `staging`/tree. Returns the notes.
Result<std::vector<std::string>> build_debian(const DebianPlan& plan, const Staging& staging, const Observer& observer);

}  // namespace vs::storage
