#include "storage/overlay.hpp"

#include "sys/file.hpp"

namespace vs::storage {

namespace {

Result<> shift_and_attach(const sys::MountFd& layer, const OverlayRequest& request, std::size_t slot) {
    if (request.id_mapping != nullptr)
        TRY_WITH(sys::set_attributes(layer, {.user_namespace = request.id_mapping}, sys::Recursion::this_mount),
                 "shift the ids of a layer (does its file system support idmapped mounts?)");
    return sys::attach(layer, sys::kHere, fmt::format("{}/{}", request.attach_below, slot));
}

std::vector<sys::FsOption> overlay_options(std::size_t image_count, const OverlayRequest& request) {
    auto path = [&](std::size_t slot) { return fmt::format("{}/{}", request.attach_below, slot); };
    std::string lower;
    for (std::size_t slot = 1; slot <= image_count; ++slot) lower += (lower.empty() ? "" : ":") + path(slot);
    std::vector<sys::FsOption> options = {{"source", "vserver"}, {"metacopy", "on"}, {"redirect_dir", "on"}, {"index", "off"}};
    if (request.access == OverlayRequest::Access::read_only) {
        options.emplace_back("lowerdir", path(0) + "/upper:" + lower);
        options.emplace_back("ro", "");
        return options;
    }
    options.emplace_back("lowerdir", lower);
    options.emplace_back("upperdir", path(0) + "/upper");
    options.emplace_back("workdir", path(0) + "/work");
    return options;
}

/// What somebody has taken away is told by its path, and not later as a mount option that is invalid.
Result<> find_directories(const std::vector<std::string>& images, const std::string& server_dir) {
    for (const auto& image : images)
        TRY_WITH(sys::open_dir(sys::kHere, image), "its image is missing or damaged, bring it back from a copy");
    for (const char* part : {"upper", "work"})
        TRY_WITH(sys::open_dir(sys::kHere, fmt::format("{}/{}", server_dir, part)), "its own files are missing or damaged, bring them back from a copy");
    return {};
}

}  // namespace

Result<Layers> open_layers(const std::vector<std::string>& images, const std::string& server_dir) {
    if (images.empty() || images.size() >= kMostLayers) return fail(Code::failed, "a root needs 1 to {} image layers", kMostLayers - 1);
    TRY(find_directories(images, server_dir));
    Layers layers;
    for (const auto& image : images)
        layers.images.push_back(TRY_WITH(sys::clone_mount(sys::kHere, image, sys::Recursion::this_mount), "open image layer"));
    layers.own = TRY_WITH(sys::clone_mount(sys::kHere, server_dir, sys::Recursion::this_mount), "open the server's own layer");
    return layers;
}

Result<sys::MountFd> mount_overlay(Layers layers, const OverlayRequest& request) {
    TRY(shift_and_attach(layers.own, request, 0));
    for (std::size_t i = 0; i < layers.images.size(); ++i) TRY(shift_and_attach(layers.images[i], request, i + 1));
    return sys::new_mount("overlay", overlay_options(layers.images.size(), request), request.attributes);
}

}  // namespace vs::storage
