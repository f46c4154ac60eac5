#include "sys/content.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sys/call.hpp"

namespace vs::sys {

namespace {
constexpr long kXfs = 0x58465342, kZfs = 0x2fc12fc1, kBcachefs = static_cast<long>(0xca451a4e);
constexpr long kBelievable[] = {EXT4_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, kXfs, kZfs, kBcachefs};
}  // namespace

Result<> write_back(FdRef fd) {
    constexpr unsigned kAndWait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (::sync_file_range(fd.get(), 0, 0, kAndWait) < 0) return failed("sync_file_range");
    return {};
}

Result<std::size_t> read_at(FdRef fd, std::span<unsigned char> room, std::uint64_t offset) {
    std::size_t done = 0;
    while (done < room.size()) {
        ssize_t count = ::pread(fd.get(), room.data() + done, room.size() - done, static_cast<off_t>(offset + done));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("read at {}", offset + done);
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

Result<std::optional<std::uint64_t>> next_data(FdRef fd, std::uint64_t offset) {
    off_t found = ::lseek(fd.get(), static_cast<off_t>(offset), SEEK_DATA);
    if (found >= 0) return std::optional(static_cast<std::uint64_t>(found));
    if (errno == ENXIO) return std::optional<std::uint64_t>();
    if (errno == EINVAL) return std::optional(offset);
    return failed("look for data at {}", offset);
}

Result<bool> keeps_change_times(FdRef fd) {
    struct statfs info {};
    if (::fstatfs(fd.get(), &info) < 0) return failed("statfs");
    return std::find(std::begin(kBelievable), std::end(kBelievable), static_cast<long>(info.f_type)) != std::end(kBelievable);
}

Result<bool> read_storage_directly(FdRef fd) {
    int flags = ::fcntl(fd.get(), F_GETFL);
    if (flags < 0) return failed("get the flags of an open file");
    if (::fcntl(fd.get(), F_SETFL, flags | O_DIRECT) == 0) return true;
    if (errno == EINVAL) return false;
    return failed("read past the page cache");
}

std::int64_t file_clock() {
    timespec now{};
    (void)::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace vs::sys
