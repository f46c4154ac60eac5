#pragma once
// Files by directory descriptor. The symlink policy is in the name: `open_at` is for paths that the host owns, and follows
// links; `open_beneath` is for trees that a guest may have written: it stays below the directory and follows no link at all.

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

/// O_CLOEXEC is always added.
Result<Fd> open_at(FdRef dir, const std::string& path, int flags, unsigned mode = 0);
/// A directory of the host, O_PATH-free so that it can be read and synced.
Result<DirFd> open_dir(FdRef dir, const std::string& path);
/// Security: openat2(2) with RESOLVE_BENEATH | NO_SYMLINKS | NO_MAGICLINKS: no way out of `dir`, no link followed.
Result<Fd> open_beneath(FdRef dir, const std::string& path, int flags, unsigned mode = 0);
/// Security: openat2(2) with RESOLVE_IN_ROOT | NO_MAGICLINKS: links are followed as if `dir` were "/".
Result<Fd> open_in_root(FdRef dir, const std::string& path, int flags, unsigned mode = 0);

enum class IfExists { fail, keep };
Result<> make_dir(FdRef dir, const std::string& path, unsigned mode, IfExists policy);
/// The directory, made where it is missing.
Result<DirFd> open_or_make_dir(FdRef dir, const std::string& path, unsigned mode);
/// Every missing parent too (mkdir -p); parents get `mode` as well.
Result<> make_dirs(const std::string& path, unsigned mode);
Result<> remove_file(FdRef dir, const std::string& path);
Result<> remove_dir(FdRef dir, const std::string& path);
Result<> rename_at(FdRef from_dir, const std::string& from, FdRef to_dir, const std::string& to);
/// Fails with EEXIST where `to` exists (renameat2 RENAME_NOREPLACE).
Result<> rename_new(FdRef from_dir, const std::string& from, FdRef to_dir, const std::string& to);
/// A character device; mode bits are exact (the umask is the caller's business).
Result<> make_device(FdRef dir, const std::string& path, unsigned mode, unsigned major, unsigned minor);
Result<> make_symlink(FdRef dir, const std::string& path, const std::string& target);

/// Does not follow a final link. An absent file is an error with ENOENT.
Result<struct stat> stat_at(FdRef dir, const std::string& path);
Result<struct stat> stat_fd(FdRef fd);
/// True where the path exists; any error but ENOENT and ENOTDIR is handed on.
Result<bool> exists(FdRef dir, const std::string& path);
/// The target of a symbolic link, not followed.
Result<std::string> read_link(FdRef dir, const std::string& path);
/// Names in a directory, without "." and "..", sorted.
Result<std::vector<std::string>> list_dir(FdRef dir);
/// The same of a directory that may be hostile: not sorted, and an error (EFBIG) where there are more than `most`.
Result<std::vector<std::string>> list_hostile_dir(FdRef dir, std::size_t most);

Result<> change_owner(FdRef dir, const std::string& path, std::uint32_t uid, std::uint32_t gid);
Result<> change_mode(FdRef fd, unsigned mode);

/// Reads at most `limit` bytes; a longer file is an error (EFBIG), so that nothing hostile fills our memory.
Result<std::string> read_file(FdRef dir, const std::string& path, std::size_t limit = 1 << 20);
/// What one read(2) gives, at most 16 KiB; empty at the end.
Result<std::string> read_some(FdRef fd);
Result<std::string> read_all(FdRef fd, std::size_t limit = 1 << 20);
Result<> write_all(FdRef fd, std::string_view data);
/// For files of the kernel that hold one value (cgroup, sysctl): one read(2), without white space around it.
Result<std::string> read_kernel_file(FdRef dir, const std::string& path);
/// For files of the kernel (cgroup, sysctl, proc): one write(2), no create, no truncate.
Result<> write_kernel_file(FdRef dir, const std::string& path, std::string_view value);

enum class Durability {
    synced,    ///< temporary file, fsync, rename, fsync of the directory
    secret,    ///< the same; its blocks are its own before anything is in them: else btrfs keeps a small file among its metadata, of which
               ///< old copies stay (sys/overwrite.hpp)
    volatile_  ///< temporary file and rename only: for /run, which a reboot erases with what it describes
};
/// Replaces a file as one step: a reader sees the old or the new content, never a mixture. What is left of one that was killed
/// is a file of the temporary name.
Result<> replace_file(FdRef dir, const std::string& name, std::string_view data, unsigned mode, Durability durability);
std::string temporary_name(const std::string& name);
Result<> sync_fd(FdRef fd);

/// An exclusive flock(2) that ends with the descriptor; inherited by children that keep it.
enum class LockWait { wait, fail_if_held };
Result<Fd> lock_file(FdRef dir, const std::string& name, LockWait policy);
/// The same on an open file or directory; the lock belongs to the open file, not to the path.
Result<> lock_fd(FdRef fd, LockWait policy);
/// A lock that several may hold and that keeps an exclusive one away. Fails with Code::busy where that is held.
Result<> lock_fd_shared(FdRef fd);
Result<Fd> lock_file_shared(FdRef dir, const std::string& name);
/// Also for whoever has inherited the descriptor.
Result<> give_up_lock(FdRef lock);
/// True where somebody holds the lock alone.
Result<bool> is_locked(FdRef dir, const std::string& name);
/// True where somebody holds or shares it. Precondition: nobody else asks at the same time.
Result<bool> is_shared(FdRef dir, const std::string& name);

}  // namespace vs::sys
