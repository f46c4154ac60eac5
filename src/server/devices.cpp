#include "server/devices.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "model/paths.hpp"
#include "server/void_namespace.hpp"
#include "sys/clone.hpp"
#include "sys/link.hpp"
#include "sys/mount.hpp"

namespace vs::server {

namespace {

using model::paths::kParked;

constexpr const char* kPin = "network";

std::string pin_of(const RunDir& run) { return fmt::format("{}/{}", run.path(), kPin); }

/// A pinned namespace, or nothing: a plain file is what is left of a pin whose mount did not come to be.
Result<std::optional<sys::NamespaceFd>> open_pinned(sys::FdRef dir, const std::string& path) {
    auto fd = sys::open_at(dir, path, O_RDONLY);
    if (!fd && fd.error().errno_value == ENOENT) return std::nullopt;
    if (!fd) return std::unexpected<Error>(fd.error());
    if (!sys::is_namespace(*fd)) return std::nullopt;
    return sys::NamespaceFd(fd->release());
}

Result<> pin(sys::FdRef network, sys::FdRef dir, const std::string& path) {
    TRY(sys::open_at(dir, path, O_WRONLY | O_CREAT, 0600));
    return sys::attach(TRY(sys::clone_mount(network, "", sys::Recursion::this_mount)), dir, path);
}

Result<sys::NamespaceFd> open_parking_place() {
    if (auto pinned = TRY(open_pinned(sys::kHere, kParked))) return std::move(*pinned);
    TRY(separate_run());  // at a boot udev comes before the first server
    auto run = TRY(sys::open_dir(sys::kHere, model::paths::kRun));
    auto lock = TRY(sys::lock_file(run, ".parked.lock", sys::LockWait::wait));
    if (auto pinned = TRY(open_pinned(sys::kHere, kParked))) return std::move(*pinned);
    auto made = TRY(sys::make_network_namespace());
    TRY(pin(made, sys::kHere, kParked));
    return made;
}

Result<std::optional<sys::Link>> find_link(sys::NetlinkSocket& socket, const std::string& name) {
    for (auto& link : TRY(sys::links(socket)))
        if (link.name == name) return std::optional(std::move(link));
    return std::optional<sys::Link>();
}

/// Moves it, and gives it its name where it arrives: on its way, or while a server had it, it may have got another.
Result<> move(sys::NetlinkSocket& from, const sys::DeviceMove& order, const std::string& name) {
    auto there = TRY(sys::NetlinkSocket::open_in(sys::FdRef(order.target), NETLINK_ROUTE));
    auto before = TRY(sys::links(there));
    sys::MessageRow row;
    sys::move_device(row, order);
    TRY(from.run(row));
    for (const auto& link : TRY(sys::links(there))) {
        bool arrived = std::ranges::find(before, link.index, &sys::Link::index) == before.end();
        if (!arrived || link.name == name) continue;
        sys::MessageRow rename;
        sys::rename_device(rename, link.index, name);
        return there.run(rename);
    }
    return {};
}

Result<> give(const sys::NamespaceFd& parked, sys::FdRef guest, const model::OwnDevice& device, std::uint32_t index) {
    for (bool from_host : {true, false}) {
        auto socket = TRY(from_host ? sys::NetlinkSocket::open(NETLINK_ROUTE) : sys::NetlinkSocket::open_in(parked, NETLINK_ROUTE));
        if (auto link = TRY(find_link(socket, device.name)))
            return move(socket, {.index = link->index, .target = guest.get(), .new_index = index}, device.name);
    }
    return fail(Code::busy, "the host has no network device '{}': another server has it, or it is not plugged in", device.name);
}

}  // namespace

Result<> give_devices(const RunDir& run, const NetworkPlan& plan, sys::FdRef guest_network) {
    if (plan.devices.empty()) return {};
    auto parked = TRY(open_parking_place());
    TRY_WITH(pin(guest_network, sys::kHere, pin_of(run)), "pin its network");
    for (std::size_t i = 0; i < plan.devices.size(); ++i)
        TRY_WITH(give(parked, guest_network, plan.devices[i], device_index(i)), "give it the device '{}'", plan.devices[i].name);
    return {};
}

Result<> take_devices_back(const RunDir& run, const NetworkPlan& plan) {
    if (plan.devices.empty()) return {};
    if (auto network = TRY(open_pinned(sys::kHere, pin_of(run)))) {
        auto parked = TRY(open_parking_place());
        auto socket = TRY(sys::NetlinkSocket::open_in(*network, NETLINK_ROUTE));
        for (std::size_t i = 0; i < plan.devices.size(); ++i) {
            // By its number, which nobody inside can change.
            auto found = TRY(sys::device_by_index(socket, device_index(i)));
            if (found) TRY_WITH(move(socket, {.index = found->index, .target = parked.get()}, plan.devices[i].name), "take back the device '{}'", plan.devices[i].name);
        }
        TRY(sys::detach(pin_of(run)));
    }
    auto removed = sys::remove_file(run.dir(), kPin);
    return !removed && removed.error().errno_value == ENOENT ? Result<>() : removed;
}

Result<> park_device(std::uint32_t index) {
    auto parked = TRY(open_parking_place());
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    auto device = TRY(sys::device_by_index(socket, index));
    if (!device) return {};
    return move(socket, {.index = index, .target = parked.get()}, device->name);
}

Result<bool> unpark_device(const std::string& name) {
    auto parked = TRY(open_pinned(sys::kHere, kParked));
    if (!parked) return false;
    auto socket = TRY(sys::NetlinkSocket::open_in(*parked, NETLINK_ROUTE));
    auto link = TRY(find_link(socket, name));
    if (!link) return false;
    auto host = TRY(sys::open_at(sys::kHere, "/proc/self/ns/net", O_RDONLY));
    TRY(move(socket, {.index = link->index, .target = host.get()}, name));
    return true;
}

Result<std::vector<std::string>> parked_devices() {
    std::vector<std::string> names;
    auto parked = TRY(open_pinned(sys::kHere, kParked));
    if (!parked) return names;
    auto socket = TRY(sys::NetlinkSocket::open_in(*parked, NETLINK_ROUTE));
    for (const auto& link : TRY(sys::links(socket)))
        if (link.name != "lo") names.push_back(link.name);
    return names;
}

}  // namespace vs::server
