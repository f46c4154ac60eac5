#pragma once
// An image from a tar archive, which may be hostile: it is taken apart by vserver-unpack, a child that is nobody on this host.

#include <string>
#include <vector>

#include "storage/build.hpp"
#include "sys/fd.hpp"

namespace vs::storage {

/// Opened once: what is unpacked is what the key was made of. By its name it could be another archive a moment later, whose image every later
/// server from this one would get.
Result<sys::Fd> open_archive(const TarSource& source);

/// The archive's identity on disk: changes whenever the file does, and costs no reading.
Result<std::string> tar_key(sys::FdRef archive);

struct UnpackProgram {
    std::string path;  ///< of vserver-unpack
};
/// Fills `staging`/tree. Returns the notes.
Result<std::vector<std::string>> build_tar(sys::FdRef archive, const Staging& staging, const UnpackProgram& program,
                                           const Observer& observer);

}  // namespace vs::storage
