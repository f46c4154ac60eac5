#include "server/mount_view.hpp"

#include <fcntl.h>
#include <linux/mount.h>

#include <cerrno>

#include "model/paths.hpp"
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

/// The path of a directory as the mount table has it: without links.
Result<std::string> real_path(const std::string& dir) {
    auto opened = TRY(sys::open_dir(sys::kHere, dir));
    return sys::read_link(sys::kHere, fmt::format("/proc/self/fd/{}", opened.get()));
}

Result<bool> is_view(const std::string& path) {
    auto entry = TRY(sys::mounted_at(path));
    return entry && entry->type == "overlay" && entry->source == "vserver";
}

Result<std::string> prepare_place(const model::ServerName& name, const std::optional<std::string>& dir) {
    if (dir) return real_path(*dir);
    auto run = TRY(RunDir::open(name));
    TRY(sys::make_dir(run.dir(), kDefaultPlace, 0700, sys::IfExists::keep));
    return default_place(name);
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

Result<> attach_whole(const RootPlan& plan, const sys::MountFd& view, const std::string& place) {
    TRY(sys::attach(view, sys::kHere, place));
    for (const auto& volume : plan.volumes) {
        auto attached = attach_volume(plan, volume, view);
        if (attached) continue;
        (void)sys::detach(place);  // what is shown is whole or not there
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
    auto place = TRY(prepare_place(server.name, dir));
    if (TRY(is_view(place))) return fail(Code::busy, "it is mounted on '{}' already", place);
    auto view = TRY(open_view(store, server));
    TRY(attach_whole(TRY(plan_root(store, server)), view, place));
    return place;
}

Result<bool> unmount_view(const model::ServerName& name, const std::optional<std::string>& dir) {
    auto place = dir ? real_path(*dir) : Result<std::string>(default_place(name));
    if (!place) return std::unexpected<Error>(place.error());
    if (!TRY(is_view(*place))) return false;
    TRY(sys::detach(*place));
    if (!dir) TRY(sys::remove_dir(sys::kHere, *place));
    return true;
}

}  // namespace vs::server
