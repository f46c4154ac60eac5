#include "sys/watch.hpp"

#include <sys/inotify.h>

#include "sys/call.hpp"
#include "sys/file.hpp"

namespace vs::sys {

Result<DirWatch> DirWatch::open(FdRef directory) {
    Fd fd(::inotify_init1(IN_CLOEXEC));
    if (!fd.is_open()) return failed("inotify_init1");
    const auto path = fmt::format("/proc/self/fd/{}", directory.get());
    if (::inotify_add_watch(fd.get(), path.c_str(), IN_MODIFY | IN_CREATE) < 0) return failed("inotify_add_watch");
    return DirWatch(std::move(fd));
}

Result<> DirWatch::wait() const {
    TRY(read_some(fd_));
    return {};
}

}  // namespace vs::sys
