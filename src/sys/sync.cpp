#include "sys/sync.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "sys/call.hpp"
#include "sys/file.hpp"
#include "sys/walk.hpp"

namespace vs::sys {

namespace {

/// Data only, and no promise (sync_file_range(2)): the fsync that follows makes it.
Result<> write_out(FdRef fd) {
    constexpr unsigned kAll = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    if (::sync_file_range(fd.get(), 0, 0, kAll) < 0) return failed("sync_file_range");
    return {};
}

}  // namespace

Result<> sync_file_system(FdRef fd) {
    if (::syncfs(fd.get()) < 0) return failed("syncfs");
    return {};
}

Result<> sync_tree(FdRef dir) {
    std::vector<Fd> opened;  // kept open: looking at a directory again would give it a new access time to write
    TRY(walk_tree(dir, [&](const std::string& path, const struct stat& status) -> Result<> {
        if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return {};
        opened.push_back(TRY(open_beneath(dir, path, O_RDONLY)));
        return S_ISREG(status.st_mode) ? write_out(opened.back()) : Result<>();
    }));
    for (const auto& fd : opened) TRY(sync_fd(fd));
    return sync_fd(dir);
}

}  // namespace vs::sys
