#include "sys/overwrite.hpp"

#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include "sys/call.hpp"

namespace vs::sys {

namespace {

// Those that never write in place: f2fs, nilfs2, zfs, bcachefs.
constexpr std::array<long, 4> kElsewhere{0xF2F52010, 0x3434, 0x2FC12FC1, static_cast<long>(0xCA451A4E)};

Result<long> file_system_of(FdRef directory) {
    struct statfs found {};
    if (::fstatfs(directory.get(), &found) < 0) return failed("statfs");
    return found.f_type;
}

Result<int> flags_of(FdRef directory) {
    int flags = 0;
    if (::ioctl(directory.get(), FS_IOC_GETFLAGS, &flags) < 0) return failed("ask for the flags of a directory");
    return flags;
}

}  // namespace

Result<Overwrite> overwrite_of(FdRef directory) {
    const auto type = TRY(file_system_of(directory));
    if (type == BTRFS_SUPER_MAGIC) return (TRY(flags_of(directory)) & FS_NOCOW_FL) != 0 ? Overwrite::in_place : Overwrite::elsewhere;
    return std::ranges::find(kElsewhere, type) == kElsewhere.end() ? Overwrite::in_place : Overwrite::elsewhere;
}

Result<> overwrite_in_place(FdRef directory) {
    if (TRY(file_system_of(directory)) != BTRFS_SUPER_MAGIC) return {};
    int flags = TRY(flags_of(directory)) | FS_NOCOW_FL;
    if (::ioctl(directory.get(), FS_IOC_SETFLAGS, &flags) < 0) return failed("forbid copies on writing");
    return {};
}

}  // namespace vs::sys
