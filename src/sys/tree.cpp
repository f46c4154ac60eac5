#include "sys/tree.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sys/call.hpp"
#include "sys/file.hpp"

namespace vs::sys {

namespace {

Result<DirFd> open_subdir(FdRef dir, const std::string& name) {
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    long fd = ::syscall(SYS_openat2, dir.get(), name.c_str(), &how, sizeof how);
    if (fd < 0) return failed("open directory '{}'", name);
    return DirFd(static_cast<int>(fd));
}

/// Moves a directory into `top` under a free number; a guest may have taken some of them.
Result<> move_up(FdRef dir, const std::string& name, FdRef top, std::uint64_t& counter) {
    for (;;) {
        auto moved = rename_new(dir, name, top, fmt::format(".remove-{}", counter++));
        if (moved || moved.error().errno_value != EEXIST) return moved;
    }
}

/// Empties `dir` of everything but its subdirectories that are not empty; those are moved up into `top` under a number,
/// so that depth never grows: a tree a million levels deep takes a million renames and three descriptors.
Result<> empty_into(FdRef dir, FdRef top, std::uint64_t& counter) {
    for (const auto& name : TRY(list_dir(dir))) {
        if (::unlinkat(dir.get(), name.c_str(), 0) == 0) continue;
        if (errno != EISDIR && errno != EPERM) return failed("unlink '{}'", name);
        if (::unlinkat(dir.get(), name.c_str(), AT_REMOVEDIR) == 0) continue;
        if (errno != ENOTEMPTY && errno != EEXIST) return failed("rmdir '{}'", name);
        TRY(move_up(dir, name, top, counter));
    }
    return {};
}

}  // namespace

Result<> remove_tree(FdRef dir, const std::string& name) {
    auto top = open_subdir(dir, name);
    if (!top && top.error().errno_value == ENOENT) return {};
    if (!top && top.error().errno_value == ENOTDIR) return remove_file(dir, name);
    if (!top) return std::unexpected<Error>(top.error());
    std::uint64_t counter = 0;
    for (;;) {
        auto names = TRY(list_dir(*top));
        if (names.empty()) break;
        for (const auto& entry : names) {
            if (::unlinkat(top->get(), entry.c_str(), 0) == 0) continue;
            DirFd inner = TRY(open_subdir(*top, entry));
            TRY(empty_into(inner, *top, counter));
            TRY(remove_dir(*top, entry));
        }
    }
    return remove_dir(dir, name);
}

}  // namespace vs::sys
