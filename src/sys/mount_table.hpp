#pragma once
// What is mounted where in this mount namespace (proc(5), /proc/PID/mountinfo).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "sys/fd.hpp"

namespace vs::sys {

struct MountEntry {
    std::string point;   ///< absolute, unescaped
    std::string type;    ///< "overlay"
    std::string source;
    std::string root;           ///< what of the file system is mounted: "/", a directory, or "mnt:[4026531841]"
    std::string options;        ///< of the mount: "rw,nosuid"
    std::string super_options;  ///< of the file system: "rw,hidepid=invisible"
    std::string device{};       ///< "0:42": of the file system
    std::uint64_t number = 0;   ///< of the mount, in its namespace
};
/// Lines that are none are skipped.
std::vector<MountEntry> parse_mount_table(std::string_view text);

/// What is mounted, in the order in which it was: later ones cover earlier ones at the same point.
Result<std::vector<MountEntry>> mount_table();
/// The topmost mount at an absolute path without links; nullopt where it is no mount point.
Result<std::optional<MountEntry>> mounted_at(const std::string& path);
/// The mount whose root the descriptor is; nullopt where it is no such root.
Result<std::optional<MountEntry>> mounted_at(FdRef dir);

/// What names a file to the kernel's own code. The device is that of the file system, which stat(2) does not always tell (btrfs).
struct KernelInode {
    std::uint64_t number = 0;
    std::uint32_t device = 0;  ///< major << 20 | minor
    friend bool operator==(const KernelInode&, const KernelInode&) = default;
};
Result<KernelInode> kernel_inode(const std::string& path);
/// The device of a mount by its number, of a table as above; nullopt where it has no such mount.
std::optional<std::uint32_t> device_of_mount(std::string_view table, std::uint64_t mount);

}  // namespace vs::sys
