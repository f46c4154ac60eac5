#include "server/mount_view.hpp"

#include <fcntl.h>
#include <linux/mount.h>

#include <cerrno>

#include "model/paths.hpp"
#include "server/host_path.hpp"
#include "server/prepare.hpp"
#include "server/run_state.hpp"
#include "server/void_overlay.hpp"
#include "sys/file.hpp"
#include "sys/mount.hpp"
#include "sys/mount_table.hpp"

namespace vs::server {

namespace {

constexpr std::uint64_t kHarmless = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
constexpr const char* kDefaultPlace = "root";

std::string default_place(const model::ServerName& name) {
    return fmt::format("{}/{}/{}", model::paths::kRun, name.text(), kDefaultPlace);
}

/// Where a view goes: the directory itself, for its name may lead elsewhere by the time that it is mounted on.
struct Place {
    std::string path;
    sys::Fd dir;
};

/// Nobody else may have a hand in where it is: he could lead it to /etc, and the server's accounts would be the host's.
Result<Place> open_place(std::string dir) {
    while (dir.size() > 1 && dir.back() == '/') dir.pop_back();
    auto opened = TRY(open_root_path(dir));
    Place place{dir, std::move(opened)};
    if (!S_ISDIR(TRY(sys::stat_fd(place.dir)).st_mode)) return fail(Code::usage, "'{}' is no directory", dir);
    return place;
}

Result<Place> open_place_of_root(const std::string& dir) {
    auto place = TRY(open_place(dir));
    const auto owner = TRY(sys::stat_fd(place.dir)).st_uid;
    if (owner != 0) return fail(Code::denied, "'{}' belongs to user {}: name a directory of root's", place.path, owner);
    return place;
}

Result<bool> is_view(const Place& place) {
    auto entry = TRY(sys::mounted_at(place.dir));
    return entry && entry->type == "overlay" && entry->source == "vserver";
}

Result<Place> prepare_place(const model::ServerName& name, const std::optional<std::string>& dir) {
    if (dir) return open_place_of_root(*dir);
    auto run = TRY(RunDir::open(name));
    TRY(sys::make_dir(run.dir(), kDefaultPlace, 0700, sys::IfExists::keep));
    auto opened = TRY(sys::open_dir(run.dir(), kDefaultPlace));
    return Place{default_place(name), sys::Fd(opened.release())};
}

/// Security: the guest may have put a link where its volume was; nothing is followed.
Result<> attach_volume(const RootPlan& plan, const RootPlan::Volume& volume, const sys::MountFd& view) {
    auto volumes = TRY(sys::open_dir(sys::kHere, plan.server_dir + "/volumes"));
    if (!TRY(sys::exists(volumes, volume.directory))) return {};  // never started
    auto mount = TRY(sys::clone_mount(volumes, volume.directory, sys::Recursion::this_mount));
    TRY(sys::set_attributes(mount, {.set = kHarmless}, sys::Recursion::this_mount));
    auto point = TRY(sys::open_beneath(view, volume.to.substr(1), O_PATH | O_DIRECTORY));
    return sys::attach(mount, point, "");
}

Result<> attach_whole(const RootPlan& plan, const sys::MountFd& view, const Place& place) {
    TRY(sys::attach(view, place.dir, ""));
    for (const auto& volume : plan.volumes) {
        auto attached = attach_volume(plan, volume, view);
        if (attached) continue;
        (void)sys::detach(view);  // what is shown is whole or not there
        return std::unexpected<Error>(base::with_context(attached.error(), fmt::format("show the volume '{}'", volume.to)));
    }
    return {};
}

}  // namespace

Result<sys::MountFd> open_view(const storage::Store& store, const Server& server) {
    auto plan = TRY(plan_root(store, server));
    auto layers = TRY(storage::open_layers(plan.images, plan.server_dir));
    return overlay_in_void(std::move(layers), {.attributes = kHarmless});
}

Result<std::string> mount_view(const storage::Store& store, const Server& server, const std::optional<std::string>& dir) {
    auto view = TRY(open_view(store, server));  // first: it may make /run/vservers a mount of its own, over what was found there
    auto place = TRY(prepare_place(server.name, dir));
    if (TRY(is_view(place))) return fail(Code::busy, "it is mounted on '{}' already", place.path);
    TRY(attach_whole(TRY(plan_root(store, server)), view, place));
    return place.path;
}

Result<bool> unmount_view(const model::ServerName& name, const std::optional<std::string>& dir) {
    if (!dir && !TRY(sys::exists(sys::kHere, default_place(name)))) return false;
    {
        auto place = TRY(open_place(dir.value_or(default_place(name))));
        if (!TRY(is_view(place))) return false;
        TRY(sys::detach(place.dir));
    }
    if (!dir) TRY(sys::remove_dir(sys::kHere, default_place(name)));
    return true;
}

}  // namespace vs::server
