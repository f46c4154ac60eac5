#include "server/guest_log.hpp"

#include <fcntl.h>
#include <linux/mount.h>

#include <optional>

#include "sys/file.hpp"
#include "sys/mount.hpp"

namespace vs::server {

namespace {

/// /run as systemd would mount it (src/shared/mount-setup.c), which leaves it alone then; with the link in it that its journal
/// sends to when it forwards (journald-syslog.c). The server's root may do with it what it likes.
Result<> prepare_run(sys::FdRef root, std::uint32_t first_id) {
    auto point = sys::open_beneath(root, "run", O_PATH | O_DIRECTORY);
    if (!point) return {};  // no directory: then it is as systemd finds it
    const auto owner = std::to_string(first_id);
    auto run = TRY(sys::new_mount("tmpfs", {{"mode", "0755"}, {"size", "20%"}, {"nr_inodes", "800k"}, {"uid", owner}, {"gid", owner}},
                                  MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
    for (const char* dir : {"systemd", "systemd/journal"}) TRY(sys::make_dir(run, dir, 0755, sys::IfExists::fail));
    TRY(sys::make_symlink(run, "systemd/journal/syslog", "/dev/vserver/journal"));
    return sys::attach(run, *point, "");
}

/// What the path leads to; nothing where it leads nowhere.
std::optional<struct stat> file_at(sys::FdRef root, const char* path) {
    auto file = sys::open_in_root(root, path, O_PATH);
    auto status = file ? sys::stat_fd(*file) : Result<struct stat>(std::unexpected<Error>(file.error()));
    return status ? std::optional(*status) : std::nullopt;
}

}  // namespace

/// By identity and not by a name of /proc, of which there is none in the void.
LogReader log_reader(sys::FdRef root) {
    auto init = file_at(root, "sbin/init");
    for (const char* path : {"lib/systemd/systemd", "usr/lib/systemd/systemd"}) {
        auto systemd = file_at(root, path);
        if (init && systemd && init->st_ino == systemd->st_ino && init->st_dev == systemd->st_dev) return LogReader::systemd;
    }
    return LogReader::none;
}

Result<> mount_log_sockets(const sys::MountFd& sockets, sys::FdRef root, std::uint32_t first_id, LogReader reader) {
    auto dev = TRY(sys::open_beneath(root, "dev", O_RDONLY | O_DIRECTORY));
    TRY(sys::make_dir(dev, "vserver", 0755, sys::IfExists::fail));
    auto point = TRY(sys::open_beneath(dev, "vserver", O_PATH | O_DIRECTORY));
    TRY(sys::attach(sockets, point, ""));
    if (reader == LogReader::systemd) return prepare_run(root, first_id);
    return sys::make_symlink(dev, "log", "vserver/log");
}

}  // namespace vs::server
