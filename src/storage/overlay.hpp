#pragma once
// A server's root: an overlay of read-only image layers below and the server's own layer above.
//
// The overlay is mounted from the initial user namespace, so that its private xattrs are `trusted.*` and out of the guest's
// reach. The shift of ids is an idmapped mount of each layer: on disk ids stay 0..65535 and nothing is ever chowned.
// Options: metacopy and redirect_dir are what makes stubs and renamed directories work; index=off keeps two servers from
// sharing an inode number space (design: storage).

#include <optional>
#include <string>
#include <vector>

#include "sys/fd.hpp"
#include "sys/mount.hpp"

namespace vs::storage {

/// Detached copies of the mounts that hold the layers. They are taken in the host's mount namespace, and used in the one
/// where the overlay is built.
struct Layers {
    std::vector<sys::MountFd> images;  ///< topmost first; each is a tree
    sys::MountFd own;                  ///< the server's directory: holds `upper` and `work`
};

/// `images` are directories; `server_dir` is /var/lib/vservers/servers/NAME.
Result<Layers> open_layers(const std::vector<std::string>& images, const std::string& server_dir);

struct OverlayRequest {
    /// A directory of this mount namespace with the empty subdirectories 0, 1, 2 ...: where the layers are attached, because
    /// Linux 6.1 refuses layers that are not.
    std::string attach_below;
    const sys::NamespaceFd* id_mapping = nullptr;  ///< shifts ids of every layer; nullptr: host ids (building, reading)
    enum class Access { writable, read_only } access = Access::writable;
    std::uint64_t attributes = 0;  ///< MOUNT_ATTR_* of the result
};
/// The overlay as a detached mount. With an id mapping the caller acts as the mapped root (sys::ScopedEffectiveId) meanwhile.
/// Consumes the layers: they stay attached below `attach_below` until the caller detaches that.
Result<sys::MountFd> mount_overlay(Layers layers, const OverlayRequest& request);

/// How many layers `attach_below` must have room for at most.
inline constexpr std::size_t kMostLayers = 32;

}  // namespace vs::storage
