#pragma once
// Takes a tar archive apart below a directory. Runs in vserver-unpack only: a child with no right on the host.

#include <cstdint>
#include <functional>

#include "storage/unpack_policy.hpp"
#include "sys/fd.hpp"

namespace vs::storage {

struct UnpackReport {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t devices = 0;  ///< device nodes, skipped
    std::uint64_t sockets = 0;  ///< skipped
    std::uint64_t xattrs = 0;   ///< extended attributes and access control lists, dropped
};

struct UnpackRequest {
    sys::FdRef archive;
    sys::FdRef root;
    UnpackLimits limits;
    std::function<void(std::uint64_t entries)> progress;  ///< now and then
};
/// The whole archive, or the one reason why not; then the tree is to be thrown away.
Result<UnpackReport> unpack(const UnpackRequest& request);

}  // namespace vs::storage
