#pragma once
// An image from a tar archive, which may be hostile: it is taken apart by vserver-unpack, a child that is nobody on this host.

#include <string>
#include <vector>

#include "storage/build.hpp"

namespace vs::storage {

/// The archive's identity on disk: changes whenever the file does, and costs no reading.
Result<std::string> tar_key(const TarSource& source);

struct UnpackProgram {
    std::string path;  ///< of vserver-unpack
};
/// Fills `staging`/tree. Returns the notes.
Result<std::vector<std::string>> build_tar(const TarSource& source, const Staging& staging, const UnpackProgram& program,
                                           const Observer& observer);

}  // namespace vs::storage
