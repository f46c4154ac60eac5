#include "server/void_overlay.hpp"

#include "model/paths.hpp"
#include "server/void_namespace.hpp"
#include "sys/clone.hpp"
#include "sys/file.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"
#include "sys/user_namespace.hpp"

namespace vs::server {

namespace {

constexpr std::string_view kMade = "made";

Result<sys::MountFd> mount_in_void(storage::Layers layers, const VoidOverlay& request, const sys::NamespaceFd& void_namespace) {
    TRY(enter_void(void_namespace));
    std::optional<sys::ScopedEffectiveId> as_mapped_root;
    if (request.id_mapping != nullptr) as_mapped_root.emplace(TRY(sys::ScopedEffectiveId::become(request.mapped_root)));
    return storage::mount_overlay(std::move(layers), {.attach_below = void_paths::kLayers,
                                                      .id_mapping = request.id_mapping,
                                                      .access = request.access,
                                                      .attributes = request.attributes});
}

Result<> hand_over(const sys::SocketFd& parent, Result<sys::MountFd> overlay) {
    TRY(sys::send_message(parent, overlay ? std::string(kMade) : base::pack(overlay.error())));
    return overlay ? sys::send_fd(parent, *overlay) : Result<>();
}

Result<sys::MountFd> take_over(const sys::SocketFd& child) {
    auto answer = TRY(sys::receive_message(child));
    if (answer != kMade) return std::unexpected<Error>(base::unpack(answer));
    return sys::MountFd(TRY(sys::receive_fd(child)).release());
}

}  // namespace

Result<sys::MountFd> overlay_in_void(storage::Layers layers, const VoidOverlay& request) {
    TRY(sys::make_dir(sys::kHere, model::paths::kRun, 0700, sys::IfExists::keep));
    auto void_namespace = TRY(open_void_namespace());
    auto sockets = TRY(sys::make_socket_pair());
    auto child = TRY(sys::clone_process({}));
    if (child.pid == 0) {
        sockets.ours.reset();
        auto handed = hand_over(sockets.theirs, mount_in_void(std::move(layers), request, void_namespace));
        sys::raw::exit_now(handed ? 0 : 1);
    }
    sockets.theirs.reset();
    auto overlay = take_over(sockets.ours);
    TRY(sys::reap(child.pidfd));
    return overlay;
}

}  // namespace vs::server
