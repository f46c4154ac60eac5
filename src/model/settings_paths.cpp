#include "model/settings_paths.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "model/paths.hpp"

namespace vs::model {

namespace {

using Found = std::optional<Finding>;

std::string_view shown(std::string_view path) { return path.substr(0, 128); }

bool lies_in(std::string_view path, std::string_view directory) {
    return path == directory || (path.starts_with(directory) && path[directory.size()] == '/');
}

/// One spelling only: a path that could be read in two ways could be judged in one and used in the other.
bool is_normal(std::string_view path) {
    constexpr std::size_t kPathMax = 4096, kNameMax = 255;
    if (!path.starts_with('/') || path.size() >= kPathMax || base::escape_control(path) != path) return false;
    auto good = [](std::string_view part) { return !part.empty() && part != "." && part != ".." && part.size() <= kNameMax; };
    return path == "/" || std::ranges::all_of(base::split(path.substr(1), '/'), good);
}

// The server's /proc, /sys and /dev are built by us with masks and chosen nodes; nothing may stand in front of them, and
// the host's own would show the whole machine.
constexpr std::array<std::string_view, 3> kKernelTrees = {"/proc", "/sys", "/dev"};

Found check_normal(const std::string& path, const std::string& where) {
    if (path.empty()) return Finding{where, "is missing"};
    if (is_normal(path)) return {};
    return Finding{where, fmt::format("'{}' must be absolute, without '.', '..', doubled or final slashes", shown(path))};
}

Found check_tree(const std::string& path, const std::string& where) {
    if (auto found = check_normal(path, where)) return found;
    if (path == "/") return Finding{where, "cannot be the root itself"};
    for (auto tree : kKernelTrees)
        if (lies_in(path, tree))
            return Finding{where, fmt::format("'{}' lies in {}, which every server has of its own", shown(path), tree)};
    return {};
}

/// Other servers' files and our own state: a server that writes there owns the host.
Found check_source(const std::string& path, const std::string& where) {
    if (auto found = check_tree(path, where)) return found;
    for (const auto& ours : {paths::kSettings, paths::kState, paths::kRun})
        if (lies_in(path, ours) || lies_in(ours, path))
            return Finding{where, fmt::format("'{}' would show {} to the server", shown(path), ours)};
    return {};
}

/// Where something is put into the server, and which key says so.
struct Target {
    std::string path;
    std::string where;
};

std::vector<Target> targets_of(const Settings& settings) {
    std::vector<Target> targets;
    for (std::size_t i = 0; i < settings.volumes.size(); ++i) targets.push_back({settings.volumes[i], fmt::format("volumes[{}]", i)});
    for (std::size_t i = 0; i < settings.mounts.size(); ++i) targets.push_back({settings.mounts[i].to, fmt::format("mount[{}].to", i)});
    return targets;
}

Found check_overlap(const Target& later, const Target& earlier) {
    if (later.path == earlier.path) return Finding{later.where, fmt::format("'{}' is there twice", shown(later.path))};
    if (lies_in(later.path, earlier.path))
        return Finding{later.where, fmt::format("'{}' lies in '{}': one would hide the other", shown(later.path), shown(earlier.path))};
    if (lies_in(earlier.path, later.path))
        return Finding{later.where, fmt::format("'{}' holds '{}': one would hide the other", shown(later.path), shown(earlier.path))};
    return {};
}

Found check_targets(const std::vector<Target>& targets) {
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (auto found = check_tree(targets[i].path, targets[i].where)) return found;
        for (std::size_t j = 0; j < i; ++j)
            if (auto found = check_overlap(targets[i], targets[j])) return found;
    }
    return {};
}

Found check_guard(const GuardSettings& guard) {
    struct List {
        std::string_view key;
        const std::vector<std::string>& paths;
    };
    for (const auto& [key, list] : {List{"frozen", guard.frozen}, List{"growing", guard.growing}, List{"ignored", guard.ignored}})
        for (std::size_t i = 0; i < list.size(); ++i)
            if (auto found = check_normal(list[i], fmt::format("guard.{}[{}]", key, i))) return found;
    return {};
}

}  // namespace

std::optional<Finding> check_paths(const Settings& settings) {
    if (auto found = check_targets(targets_of(settings))) return found;
    for (std::size_t i = 0; i < settings.mounts.size(); ++i)
        if (auto found = check_source(settings.mounts[i].from, fmt::format("mount[{}].from", i))) return found;
    if (auto found = check_guard(settings.guard)) return found;
    if (settings.hooks.empty()) return {};
    return check_normal(settings.hooks, "hooks");
}

}  // namespace vs::model
