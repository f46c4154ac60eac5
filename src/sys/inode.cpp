#include "sys/inode.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "sys/call.hpp"

namespace vs::sys {

Result<> make_fifo(FdRef dir, const std::string& name, unsigned mode) {
    if (::mkfifoat(dir.get(), name.c_str(), mode) < 0) return failed("mkfifo '{}'", name);
    return {};
}

Result<> make_hard_link(FdRef from_dir, const std::string& from_name, FdRef dir, const std::string& name) {
    if (::linkat(from_dir.get(), from_name.c_str(), dir.get(), name.c_str(), 0) < 0)
        return failed("link '{}' to '{}'", name, from_name);
    return {};
}

Result<> set_owner(FdRef fd, std::uint32_t uid, std::uint32_t gid) {
    if (::fchown(fd.get(), uid, gid) < 0) return failed("chown to {}:{}", uid, gid);
    return {};
}

Result<> set_times(FdRef fd, const Times& times) {
    std::array<timespec, 2> values{times.access, times.modification};
    if (::futimens(fd.get(), values.data()) < 0) return failed("set times");
    return {};
}

Result<> set_times_at(FdRef dir, const std::string& name, const Times& times) {
    std::array<timespec, 2> values{times.access, times.modification};
    if (::utimensat(dir.get(), name.c_str(), values.data(), AT_SYMLINK_NOFOLLOW) < 0) return failed("set times of '{}'", name);
    return {};
}

Result<> change_mode_at(FdRef dir, const std::string& name, unsigned mode) {
    // fchmodat(2) has no AT_SYMLINK_NOFOLLOW before Linux 6.6, and glibc emulates it through /proc, which a chroot may lack.
    // The caller owns the directory and knows that the name is no link; O_PATH would refuse fchmod.
    if (::fchmodat(dir.get(), name.c_str(), mode, 0) < 0) return failed("chmod '{}' to {:o}", name, mode);
    return {};
}

Result<> set_length(FdRef fd, std::uint64_t length) {
    if (::ftruncate(fd.get(), static_cast<off_t>(length)) < 0) return failed("set length {}", length);
    return {};
}

Result<> write_at(FdRef fd, std::string_view data, std::uint64_t offset) {
    while (!data.empty()) {
        ssize_t count = ::pwrite(fd.get(), data.data(), data.size(), static_cast<off_t>(offset));
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("write at {}", offset);
        data.remove_prefix(static_cast<std::size_t>(count));
        offset += static_cast<std::uint64_t>(count);
    }
    return {};
}

namespace {

/// For pairs of file systems that copy_file_range(2) refuses.
Result<> copy_by_hand(FdRef from, FdRef to) {
    std::array<char, 65536> chunk;
    for (;;) {
        ssize_t count = ::read(from.get(), chunk.data(), chunk.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("read");
        if (count == 0) return {};
        for (ssize_t done = 0; done < count;) {
            ssize_t written = ::write(to.get(), chunk.data() + done, static_cast<std::size_t>(count - done));
            if (written < 0 && errno != EINTR) return failed("write");
            if (written > 0) done += written;
        }
    }
}

}  // namespace

Result<> copy_content(FdRef from, FdRef to) {
    if (::ioctl(to.get(), FICLONE, from.get()) == 0) return {};
    constexpr std::size_t kChunk = std::size_t{1} << 30;
    for (;;) {
        ssize_t count = ::copy_file_range(from.get(), nullptr, to.get(), nullptr, kChunk, 0);
        if (count > 0) continue;
        // 0 is the end, or a file of /proc and the like that says it is empty: reading tells.
        if (count == 0 || errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS) return copy_by_hand(from, to);
        if (errno != EINTR) return failed("copy_file_range");
    }
}

}  // namespace vs::sys
