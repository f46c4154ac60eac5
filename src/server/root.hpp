#pragma once
// Stage 1 of a start: the server's root, built by the host in a copy of the void.
//
// Everything here is mounted in a mount namespace that the initial user namespace owns. The guest's own copy of it locks every
// mount: what is read-only, nodev or covered stays so, whatever its root tries (mount_namespaces(7), "Restrictions").
//
// Security: the tree is the guest's, so every mount point is reached by descriptor with RESOLVE_BENEATH and NO_SYMLINKS, and
// nothing of the guest is followed, executed or trusted. No process of the guest runs while this works, but a directory of
// the host that is shared with another server may change under us.

#include <string>
#include <vector>

#include "model/settings.hpp"
#include "storage/overlay.hpp"
#include "sys/terminal.hpp"

namespace vs::server {

enum class Masks { standard, none };

/// Values only; what the root is to be made of.
struct RootPlan {
    std::vector<std::string> images;  ///< directories, topmost first
    std::string server_dir;
    std::uint32_t first_id = 0;
    std::vector<model::HostMount> mounts;
    struct Volume {
        std::string directory;  ///< name below SERVER_DIR/volumes; made where it is missing
        std::string to;         ///< absolute in the server
    };
    std::vector<Volume> volumes;
    Masks masks = Masks::standard;
    std::string log_sockets;           ///< directory of the host
    bool runs_guest_init = false;      ///< an init of its own may come, with a log of its own
};

/// What has to be opened in the host's mount namespace, before the void is entered.
struct RootSources {
    struct Bind {
        sys::MountFd mount;
        std::string to;                ///< absolute in the server
        std::uint64_t attributes = 0;  ///< MOUNT_ATTR_*
        bool is_directory = true;
        std::uint32_t disk_user = 0, disk_group = 0;  ///< this owner and group on disk ...
        std::string guest_owner;  ///< ... are this user of the server (name or number, empty is root) and his group; others are nobody
        std::uint32_t count = 1;
    };
    storage::Layers layers;
    sys::MountFd log_sockets;
    std::vector<Bind> binds;
};
Result<RootSources> open_root_sources(const RootPlan& plan);

struct StagedRoot {
    sys::MountFd root;
    sys::PtyPair console;
    std::vector<sys::NamespaceFd> left_behind;  ///< to be closed when nobody waits any more (Workshop)
};
/// What a root is staged with.
struct Stage {
    const sys::NamespaceFd& void_namespace;
    sys::FdRef proc;                     ///< shows our processes
    const sys::NamespaceFd& id_mapping;  ///< the guest's user namespace
};
/// Precondition: we are in a copy of the void (enter_void), umask 0.
Result<StagedRoot> stage_root(RootSources sources, const RootPlan& plan, const Stage& stage);

/// The namespaces that determine what some file systems show. The guest's first process cannot create those: fsopen(2) wants a
/// right over the mount namespace it is in, which is ours.
struct GuestNamespaces {
    sys::FdRef init;             ///< pidfd of its first process, our child
    pid_t pid = 0;
    sys::FdRef proc;             ///< our procfs
    bool own_network = true;     ///< sysfs shows its network namespace, or else `view`'s
    sys::FdRef view;             ///< the network namespace of its view, or else the host's
    std::uint32_t first_id = 0;
};
/// /proc. Before Linux 6.18 it is created by a helper that is born in the guest's PID namespace and borrows our memory and descriptors:
/// nothing is copied.
Result<> mount_guest_processes(const sys::MountFd& root, const GuestNamespaces& guest, Masks masks);
/// /sys with the control groups. We visit the guest's namespaces for it, before anything of the guest's runs in them.
/// Precondition: the guest's first process has made its namespaces.
Result<> mount_guest_kernel(const sys::MountFd& root, const GuestNamespaces& guest, Masks masks);

}  // namespace vs::server
