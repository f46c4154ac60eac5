#include "guard/views.hpp"

#include <algorithm>

namespace vs::guard {

namespace {

bool lies_in(std::string_view path, std::string_view directory) {
    return path == directory || (path.starts_with(directory) && path[directory.size()] == '/');
}

using Mounts = std::vector<sys::MountEntry>;

/// Ours cover files and directories of /proc and /sys with the void's empty ones (server/root.cpp). They are all of one file system, and
/// came before any of the guest's.
bool is_mask(const sys::MountEntry& mount, const Mounts& mounts) {
    auto looks_so = [](const sys::MountEntry& any) { return any.type == "tmpfs" && (any.root == "/empty" || any.root == "/nothing"); };
    auto first = std::ranges::find_if(mounts, looks_so);
    return looks_so(mount) && mount.device == first->device;
}

/// A part of a tree bound to its own place, as systemd does to make it read-only for a service. The tree is one that is expected itself, or
/// whoever covers "/" with his own could show parts of that.
bool shows_what_is_there(const sys::MountEntry& mount, const Mounts& expected) {
    auto is_tree_of = [&](const sys::MountEntry& tree) {
        auto point = tree.point == "/" ? std::string() : tree.point;
        return tree.root == "/" && tree.device == mount.device && mount.root != "/" && point + mount.root == mount.point;
    };
    return std::ranges::any_of(expected, is_tree_of);
}

/// Places of which nothing is expected, nor of anything in them: /var is such a place, but crontabs and the packages' list lie there.
bool may_be_covered(const std::string& point, const Policy& policy) {
    return policy.of_path(point) == Expectation::ignored && !policy.expects_below(point);
}

}  // namespace

Expected Expected::of(const model::Settings& settings) {
    Expected expected{Policy::of(settings.guard).rules(), {settings.volumes.begin(), settings.volumes.end()}, settings.nesting};
    for (const auto& mount : settings.mounts) expected.places.insert(mount.to);
    return expected;
}

std::vector<sys::MountEntry> foreign_mounts(const std::vector<sys::MountEntry>& mounts, const Expected& known) {
    const Policy policy(known.rules);
    std::set<std::string> ours = {"/", "/proc", "/sys", "/sys/fs/cgroup"}, seen;
    ours.insert(known.places.begin(), known.places.end());
    Mounts expected, foreign;
    for (const auto& mount : mounts) {
        const bool first = seen.insert(mount.point).second;
        const bool of_kernel = lies_in(mount.point, "/proc") || lies_in(mount.point, "/sys");
        const bool is_ours = first && ours.contains(mount.point);
        const bool may_be = of_kernel ? !known.nesting && is_mask(mount, mounts) : may_be_covered(mount.point, policy);
        if (is_ours || may_be) expected.push_back(mount);
        else if (!shows_what_is_there(mount, expected)) foreign.push_back(mount);
    }
    return foreign;
}

}  // namespace vs::guard
