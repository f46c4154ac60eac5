#include "sys/cgroup.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "sys/call.hpp"
#include "sys/file.hpp"

namespace vs::sys {

namespace {

/// cgroup.events holds "populated 0" when nothing lives in the group or below.
Result<bool> says(FdRef events, std::string_view line) {
    char text[256];
    ssize_t count = ::pread(events.get(), text, sizeof text, 0);
    if (count < 0) return failed("read cgroup.events");
    return std::string_view(text, static_cast<std::size_t>(count)).find(line) != std::string_view::npos;
}

/// Until cgroup.events of the group has the line; false after `limit`.
Result<bool> wait_until_it_says(FdRef group, std::string_view line, Milliseconds limit) {
    Fd events = TRY(open_at(group, "cgroup.events", O_RDONLY));
    auto deadline = std::chrono::steady_clock::now() + limit;
    while (!TRY(says(events, line))) {
        auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        if (left <= 0) return false;
        pollfd poll{events.get(), POLLPRI, 0};  // kernfs wakes with POLLPRI when the file changes
        if (::poll(&poll, 1, static_cast<int>(left)) < 0 && errno != EINTR) return failed("poll cgroup.events");
    }
    return true;
}

}  // namespace

Result<CgroupVersion> cgroup_version_at(const std::string& path) {
    struct statfs status {};
    int got = ::statfs(path.c_str(), &status);
    if (got < 0 && errno == ENOENT) return CgroupVersion::none;
    if (got < 0) return failed("statfs '{}'", path);
    if (status.f_type == CGROUP2_SUPER_MAGIC) return CgroupVersion::v2;
    return status.f_type == CGROUP_SUPER_MAGIC ? CgroupVersion::v1 : CgroupVersion::none;
}

Result<> remove_cgroup_tree(FdRef parent, const std::string& name) {
    if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return {};
    if (errno != EBUSY && errno != ENOTEMPTY) return failed("remove control group '{}'", name);
    auto group = open_dir(parent, name);
    if (!group && group.error().errno_value == ENOENT) return {};
    if (!group) return std::unexpected<Error>(group.error());
    for (const auto& entry : TRY(list_dir(*group)))
        if (S_ISDIR(TRY(stat_at(*group, entry)).st_mode)) TRY(remove_cgroup_tree(*group, entry));
    if (::unlinkat(parent.get(), name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) return failed("remove control group '{}'", name);
    return {};
}

Result<> kill_cgroup(FdRef group) { return write_kernel_file(group, "cgroup.kill", "1"); }

Result<bool> wait_unpopulated(FdRef group, Milliseconds limit) { return wait_until_it_says(group, "populated 0", limit); }

Result<bool> wait_frozen(FdRef group, Milliseconds limit) { return wait_until_it_says(group, "frozen 1", limit); }

Result<std::vector<pid_t>> cgroup_processes(FdRef group) {
    auto text = TRY(read_file(group, "cgroup.procs"));
    std::vector<pid_t> pids;
    for (auto line : base::split(base::trim(text), '\n'))
        if (auto pid = base::parse_number(line)) pids.push_back(static_cast<pid_t>(*pid));
    return pids;
}

}  // namespace vs::sys
