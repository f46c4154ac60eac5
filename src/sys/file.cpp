#include "sys/file.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <memory>

#include "base/text.hpp"
#include "sys/call.hpp"

namespace vs::sys {

namespace {

Result<Fd> open_resolved(FdRef dir, const std::string& path, const open_how& how) {
    long fd = ::syscall(SYS_openat2, dir.get(), path.c_str(), &how, sizeof how);
    if (fd < 0) return failed("open '{}'", path);
    return Fd(static_cast<int>(fd));
}

open_how how_to_open(int flags, unsigned mode, std::uint64_t resolve) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.mode = mode;
    how.resolve = resolve;
    return how;
}

/// True where the lock cannot be had now.
Result<bool> is_refused(FdRef dir, const std::string& name, int operation) {
    auto fd = open_at(dir, name, O_RDWR | O_NOFOLLOW);
    if (!fd && fd.error().errno_value == ENOENT) return false;
    if (!fd) return std::unexpected<Error>(fd.error());
    if (::flock(fd->get(), operation | LOCK_NB) == 0) return false;
    if (errno == EWOULDBLOCK) return true;
    return failed("probe lock '{}'", name);
}

Result<> flock_fd(FdRef fd, int operation) {
    while (::flock(fd.get(), operation) < 0) {
        if (errno == EINTR) continue;
        auto error = last_error("flock");
        if (error.errno_value == EWOULDBLOCK) error.code = Code::busy;
        return std::unexpected<Error>(std::move(error));
    }
    return {};
}

}  // namespace

Result<Fd> open_at(FdRef dir, const std::string& path, int flags, unsigned mode) {
    int fd = ::openat(dir.get(), path.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) return failed("open '{}'", path);
    return Fd(fd);
}

Result<DirFd> open_dir(FdRef dir, const std::string& path) {
    Fd fd = TRY(open_at(dir, path, O_RDONLY | O_DIRECTORY));
    return DirFd(fd.release());
}

Result<Fd> open_beneath(FdRef dir, const std::string& path, int flags, unsigned mode) {
    return open_resolved(dir, path, how_to_open(flags | O_NOFOLLOW, mode, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS));
}

Result<Fd> open_in_root(FdRef dir, const std::string& path, int flags, unsigned mode) {
    return open_resolved(dir, path, how_to_open(flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
}

Result<> make_dir(FdRef dir, const std::string& path, unsigned mode, IfExists policy) {
    if (::mkdirat(dir.get(), path.c_str(), mode) == 0) return {};
    if (errno == EEXIST && policy == IfExists::keep) return {};
    return failed("mkdir '{}'", path);
}

Result<DirFd> open_or_make_dir(FdRef dir, const std::string& path, unsigned mode) {
    auto found = open_dir(dir, path);
    if (found || found.error().errno_value != ENOENT) return found;
    TRY(make_dir(dir, path, mode, IfExists::keep));
    return open_dir(dir, path);
}

Result<> make_dirs(const std::string& path, unsigned mode) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
        TRY(make_dir(kHere, path.substr(0, slash), mode, IfExists::keep));
    return make_dir(kHere, path, mode, IfExists::keep);
}

Result<> remove_file(FdRef dir, const std::string& path) {
    if (::unlinkat(dir.get(), path.c_str(), 0) < 0) return failed("unlink '{}'", path);
    return {};
}

Result<> remove_dir(FdRef dir, const std::string& path) {
    if (::unlinkat(dir.get(), path.c_str(), AT_REMOVEDIR) < 0) return failed("rmdir '{}'", path);
    return {};
}

Result<> rename_at(FdRef from_dir, const std::string& from, FdRef to_dir, const std::string& to) {
    if (::renameat(from_dir.get(), from.c_str(), to_dir.get(), to.c_str()) < 0) return failed("rename '{}' to '{}'", from, to);
    return {};
}

Result<> rename_new(FdRef from_dir, const std::string& from, FdRef to_dir, const std::string& to) {
    if (::renameat2(from_dir.get(), from.c_str(), to_dir.get(), to.c_str(), RENAME_NOREPLACE) < 0)
        return failed("rename '{}' to '{}'", from, to);
    return {};
}

Result<> make_device(FdRef dir, const std::string& path, unsigned mode, unsigned major, unsigned minor) {
    if (::mknodat(dir.get(), path.c_str(), S_IFCHR | mode, makedev(major, minor)) < 0) return failed("mknod '{}'", path);
    return {};
}

Result<> make_symlink(FdRef dir, const std::string& path, const std::string& target) {
    if (::symlinkat(target.c_str(), dir.get(), path.c_str()) < 0) return failed("symlink '{}'", path);
    return {};
}

Result<struct stat> stat_at(FdRef dir, const std::string& path) {
    struct stat status {};
    if (::fstatat(dir.get(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return failed("stat '{}'", path);
    return status;
}

Result<struct stat> stat_fd(FdRef fd) {
    struct stat status {};
    if (::fstat(fd.get(), &status) < 0) return failed("stat descriptor {}", fd.get());
    return status;
}

Result<bool> exists(FdRef dir, const std::string& path) {
    auto status = stat_at(dir, path);
    if (status) return true;
    int reason = status.error().errno_value;
    if (reason == ENOENT || reason == ENOTDIR) return false;
    return std::unexpected<Error>(status.error());
}

Result<std::string> read_link(FdRef dir, const std::string& path) {
    std::string target(PATH_MAX, '\0');
    ssize_t size = ::readlinkat(dir.get(), path.c_str(), target.data(), target.size());
    if (size < 0) return failed("readlink '{}'", path);
    target.resize(static_cast<std::size_t>(size));
    return target;
}

Result<std::vector<std::string>> list_hostile_dir(FdRef dir, std::size_t most) {
    // A descriptor of its own: readdir moves the offset, and fdopendir takes ownership.
    Fd copy = TRY(open_beneath(dir, ".", O_RDONLY | O_DIRECTORY));
    std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(copy.get()), ::closedir);
    if (!stream) return failed("list directory");
    (void)copy.release();  // closedir closes it
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(stream.get())) {
        std::string_view name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (names.size() == most) return std::unexpected<Error>(error_from(EFBIG, fmt::format("list a directory of more than {} names", most)));
        names.emplace_back(name);
    }
    if (errno != 0) return failed("list directory");
    return names;
}

Result<std::vector<std::string>> list_dir(FdRef dir) {
    auto names = TRY(list_hostile_dir(dir, std::numeric_limits<std::size_t>::max()));
    std::sort(names.begin(), names.end());
    return names;
}

Result<> change_owner(FdRef dir, const std::string& path, std::uint32_t uid, std::uint32_t gid) {
    if (::fchownat(dir.get(), path.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) < 0) return failed("chown '{}' to {}:{}", path, uid, gid);
    return {};
}

Result<> change_mode(FdRef fd, unsigned mode) {
    if (::fchmod(fd.get(), mode) < 0) return failed("chmod {:o}", mode);
    return {};
}

Result<std::string> read_file(FdRef dir, const std::string& path, std::size_t limit) {
    Fd fd = TRY(open_at(dir, path, O_RDONLY | O_NOCTTY));
    return TRY_WITH(read_all(fd, limit), "read '{}'", path);
}

Result<std::string> read_some(FdRef fd) {
    std::string data;
    ssize_t count = 0;
    data.resize_and_overwrite(16384, [&](char* room, std::size_t size) {
        do count = ::read(fd.get(), room, size);
        while (count < 0 && errno == EINTR);
        return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    });
    if (count < 0) return failed("read");
    return data;
}

Result<std::string> read_kernel_file(FdRef dir, const std::string& path) {
    Fd fd = TRY(open_at(dir, path, O_RDONLY | O_NOCTTY));
    const auto text = TRY_WITH(read_some(fd), "read '{}'", path);
    return std::string(base::trim(text));
}

Result<std::string> read_all(FdRef fd, std::size_t limit) {
    std::string data;
    for (;;) {
        auto piece = TRY(read_some(fd));
        if (piece.empty()) return data;
        data += piece;
        if (data.size() > limit) return std::unexpected<Error>(Error{Code::failed, EFBIG, fmt::format("it is larger than {} bytes", limit), {}});
    }
}

Result<> write_all(FdRef fd, std::string_view data) {
    while (!data.empty()) {
        ssize_t count = ::write(fd.get(), data.data(), data.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return failed("write");
        data.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<> write_kernel_file(FdRef dir, const std::string& path, std::string_view value) {
    Fd fd = TRY(open_at(dir, path, O_WRONLY));
    ssize_t count = ::write(fd.get(), value.data(), value.size());
    if (count < 0) return failed("write '{}' to '{}'", value, path);
    return {};
}

namespace {

Result<> write_new(FdRef dir, const std::string& name, std::string_view data, unsigned mode, Durability durability) {
    Fd fd = TRY(open_at(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode));
    const bool allocates = durability == Durability::secret && !data.empty();
    if (allocates && ::fallocate(fd.get(), 0, 0, static_cast<off_t>(data.size())) < 0 && errno_now() != EOPNOTSUPP) return failed("allocate '{}'", name);
    TRY_WITH(write_all(fd, data), "write '{}'", name);
    return durability == Durability::volatile_ ? Result<>() : sync_fd(fd);
}

}  // namespace

std::string temporary_name(const std::string& name) { return "." + name + ".new"; }

Result<> replace_file(FdRef dir, const std::string& name, std::string_view data, unsigned mode, Durability durability) {
    auto temporary = temporary_name(name);
    auto replaced = write_new(dir, temporary, data, mode, durability);
    if (replaced) replaced = rename_at(dir, temporary, dir, name);
    if (!replaced) (void)remove_file(dir, temporary);  // the next writing begins by emptying it
    if (!replaced || durability == Durability::volatile_) return replaced;
    Fd self = TRY(open_at(dir, ".", O_RDONLY | O_DIRECTORY));
    return sync_fd(self);
}

Result<> sync_fd(FdRef fd) {
    if (::fsync(fd.get()) < 0) return failed("fsync");
    return {};
}

Result<Fd> lock_file(FdRef dir, const std::string& name, LockWait policy) {
    Fd fd = TRY(open_at(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    TRY_WITH(lock_fd(fd, policy), "lock '{}'", name);
    return fd;
}

Result<> lock_fd(FdRef fd, LockWait policy) { return flock_fd(fd, LOCK_EX | (policy == LockWait::fail_if_held ? LOCK_NB : 0)); }

Result<> lock_fd_shared(FdRef fd) { return flock_fd(fd, LOCK_SH | LOCK_NB); }

Result<Fd> lock_file_shared(FdRef dir, const std::string& name) {
    Fd fd = TRY(open_at(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600));
    TRY_WITH(lock_fd_shared(fd), "share lock '{}'", name);
    return fd;
}

Result<> give_up_lock(FdRef lock) {
    if (::flock(lock.get(), LOCK_UN) < 0) return failed("give up a lock");
    return {};
}

Result<bool> is_locked(FdRef dir, const std::string& name) { return is_refused(dir, name, LOCK_SH); }

Result<bool> is_shared(FdRef dir, const std::string& name) { return is_refused(dir, name, LOCK_EX); }

}  // namespace vs::sys
