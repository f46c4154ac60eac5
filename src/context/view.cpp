#include "context/view.hpp"

#include <linux/mount.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"

namespace vs::context {

namespace {

using sys::MountEntry;
using Mounts = std::vector<MountEntry>;

struct FileSystem {
    std::string_view type;
    Areas area;
};
constexpr std::array kRenewed = {FileSystem{"proc", kProcesses}, FileSystem{"mqueue", kIpc}, FileSystem{"cgroup", kCgroups},
                                 FileSystem{"cgroup2", kCgroups}};

struct Attribute {
    std::string_view word;
    std::uint64_t bit;
};
constexpr std::array kAttributes = {Attribute{"ro", MOUNT_ATTR_RDONLY}, Attribute{"nosuid", MOUNT_ATTR_NOSUID},
                                    Attribute{"nodev", MOUNT_ATTR_NODEV}, Attribute{"noexec", MOUNT_ATTR_NOEXEC}};

/// A mount of a whole file system that the context gets anew.
bool is_renewed(const MountEntry& mount, Areas areas) {
    auto found = std::ranges::find(kRenewed, mount.type, &FileSystem::type);
    if (found == kRenewed.end() || (areas & found->area) == 0) return false;
    return mount.type != "proc" || mount.root == "/";
}

/// A mount of one process's directory, or of a namespace that leads back.
bool leads_out(const MountEntry& mount, Areas areas) {
    if ((areas & kProcesses) == 0) return false;
    if (mount.type == "nsfs") return mount.root.starts_with("mnt:") || mount.root.starts_with("pid:") || mount.root.starts_with("user:");
    if (mount.type != "proc" || mount.root.size() < 2) return false;
    const char first = mount.root[1];
    return (first >= '0' && first <= '9') || mount.root.starts_with("/self") || mount.root.starts_with("/thread-self");
}

bool is_below(const std::string& path, const std::string& parent) {
    return path.size() > parent.size() && path.starts_with(parent) && (parent == "/" || path[parent.size()] == '/');
}

std::uint64_t attributes_of(const MountEntry& mount) {
    std::uint64_t bits = 0;
    for (auto word : base::split(mount.options, ','))
        for (const auto& attribute : kAttributes)
            if (word == attribute.word) bits |= attribute.bit;
    return bits;
}

/// What the old file system was mounted with and the new one has to be too.
std::vector<std::pair<std::string, std::string>> options_of(const MountEntry& mount) {
    std::vector<std::pair<std::string, std::string>> options;
    for (auto word : base::split(mount.super_options, ',')) {
        const auto equals = word.find('=');
        const auto key = word.substr(0, equals);
        const auto value = equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
        const bool of_proc = mount.type == "proc" && (key == "hidepid" || key == "gid" || key == "subset");
        const bool of_cgroup = mount.type == "cgroup" && (key == "name" || (value.empty() && key != "rw" && key != "ro"));
        if (of_proc || of_cgroup) options.emplace_back(key, value);
    }
    return options;
}

/// The mounts directly on a file system that is renewed: masks of a container, binfmt_misc.
std::vector<std::string> carried_from(const Mounts& mounts, const std::string& path, Areas areas) {
    std::vector<std::string> carried;
    for (const auto& mount : mounts) {
        const bool deeper = std::ranges::any_of(carried, [&](const auto& other) { return other == mount.point || is_below(mount.point, other); });
        if (is_below(mount.point, path) && !deeper && !leads_out(mount, areas) && !is_renewed(mount, areas)) carried.push_back(mount.point);
    }
    return carried;
}

ViewStep renewal(const Mounts& mounts, const MountEntry& mount, Areas areas, Rights rights) {
    const bool detach = rights == Rights::administrator;
    return {.kind = detach ? ViewStep::Kind::renew : ViewStep::Kind::cover,
            .path = mount.point,
            .type = mount.type,
            .options = options_of(mount),
            .attributes = attributes_of(mount),
            .carried = detach ? carried_from(mounts, mount.point, areas) : std::vector<std::string>()};
}

/// The mounts at the point of `mounts[top]`, from there downwards, that are all to be renewed: only the last comes back.
std::size_t stacked(const Mounts& mounts, std::size_t top, Areas areas) {
    std::size_t layers = 0;
    for (std::size_t at = top + 1; at-- > 0;) {
        if (mounts[at].point != mounts[top].point) continue;
        if (!is_renewed(mounts[at], areas)) break;
        ++layers;
    }
    return layers;
}

}  // namespace

Result<std::vector<ViewStep>> plan_view(const Mounts& mounts, Areas areas, Rights rights) {
    std::vector<ViewStep> out, in;
    std::set<std::string_view> seen;
    for (std::size_t at = mounts.size(); at-- > 0;) {  // what covers others comes first
        const auto& mount = mounts[at];
        if (!seen.insert(mount.point).second) continue;
        if (is_renewed(mount, areas)) {
            if (rights == Rights::administrator)
                out.insert(out.end(), stacked(mounts, at, areas) - 1, {.kind = ViewStep::Kind::remove, .path = mount.point});
            in.push_back(renewal(mounts, mount, areas, rights));
        } else if (leads_out(mount, areas)) {
            if (rights == Rights::administrator) out.push_back({.kind = ViewStep::Kind::remove, .path = mount.point, .type = mount.type});
            else if (mount.type == "proc")
                return fail(Code::unsupported, "'{}' shows a process of the outside, and only root can take that away", mount.point);
        }
    }
    std::ranges::reverse(in);  // a mount on another one goes on the new one
    out.insert(out.end(), in.begin(), in.end());
    return out;
}

void protect_groups(const Mounts& mounts, std::vector<ViewStep>& plan) {
    auto is_group = [](const std::string& type) { return type == "cgroup" || type == "cgroup2"; };
    std::set<std::string> done;
    for (auto& step : plan) {
        if (!is_group(step.type)) continue;
        step.attributes |= MOUNT_ATTR_RDONLY;
        done.insert(step.path);
    }
    for (const auto& mount : mounts)
        if (is_group(mount.type) && done.insert(mount.point).second) plan.push_back({.kind = ViewStep::Kind::protect, .path = mount.point, .type = mount.type});
}

}  // namespace vs::context
