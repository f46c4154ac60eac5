#pragma once
// An overlay without a server: for looking into one from the host, and for finding out what a file system can do.

#include <optional>

#include "storage/overlay.hpp"

namespace vs::server {

struct VoidOverlay {
    storage::OverlayRequest::Access access = storage::OverlayRequest::Access::read_only;
    std::uint64_t attributes = 0;                  ///< MOUNT_ATTR_* of the result
    const sys::NamespaceFd* id_mapping = nullptr;  ///< nullptr: ids as they are on disk
    std::uint32_t mapped_root = 0;                 ///< with an id mapping: the host's id of its root
};

/// The layers as a detached overlay. A child in a copy of the void mounts it: Linux 6.1 wants layers to be attached
/// somewhere, and there nobody sees them and nothing is left of them.
Result<sys::MountFd> overlay_in_void(storage::Layers layers, const VoidOverlay& request);

}  // namespace vs::server
