#include "context/context_groups.hpp"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "context/group_root.hpp"
#include "model/paths.hpp"
#include "sys/cgroup.hpp"
#include "sys/file.hpp"

namespace vs::context {

namespace {

constexpr std::uint32_t kLoopbackDevice = 1;
constexpr std::uint16_t kMost = kLoopbackNumbers - kFirstContextLoopback;

/// Sends a row of one message; `expected` is the errno that says it is so already.
Result<> send_unless(sys::MessageRow& row, int expected) {
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    auto sent = socket.run(row);
    return !sent && sent.error().errno_value == expected ? Result<>() : sent;
}

Result<bool> has_ipv6() { return sys::exists(sys::kHere, "/proc/sys/net/ipv6/conf/lo"); }

std::optional<std::uint16_t> number_of(std::string_view name) {
    auto number = base::parse_number(name);
    if (!number || *number == 0 || *number >= kMost) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

}  // namespace

Result<> add_loopback_address(std::uint16_t number) {
    if (!TRY(has_ipv6())) return {};
    auto address = loopback_address(number, model::Family::ipv6);
    sys::MessageRow row;
    sys::add_address(row, {address.bytes(), 128, kLoopbackDevice, sys::Preference::deprecated});
    return send_unless(row, EEXIST);
}

Result<> remove_loopback_address(std::uint16_t number) {
    if (!TRY(has_ipv6())) return {};
    auto address = loopback_address(number, model::Family::ipv6);
    sys::MessageRow row;
    sys::remove_address(row, {address.bytes(), 128, kLoopbackDevice});
    return send_unless(row, EADDRNOTAVAIL);
}

Result<ContextGroups> ContextGroups::open() {
    TRY(sys::make_dir(sys::kHere, model::paths::kRun, 0700, sys::IfExists::keep));
    auto turn = TRY(sys::lock_file(TRY(sys::open_dir(sys::kHere, model::paths::kRun)), ".contexts", sys::LockWait::wait));
    auto root = TRY(group_root());
    TRY(sys::make_dir(sys::kHere, root, 0755, sys::IfExists::keep));
    auto path = root + "/.contexts";
    TRY(sys::make_dir(sys::kHere, path, 0755, sys::IfExists::keep));
    return ContextGroups(path, TRY(sys::open_dir(sys::kHere, path)), std::move(turn));
}

Result<bool> ContextGroups::remove_if_empty(const std::string& name) {
    auto removed = sys::remove_cgroup_tree(dir_, name);
    if (!removed && removed.error().errno_value == EBUSY) return false;
    if (!removed) return std::unexpected<Error>(removed.error());
    TRY(remove_loopback_address(static_cast<std::uint16_t>(kFirstContextLoopback + *number_of(name))));
    return true;
}

Result<> ContextGroups::sweep() {
    bool removed = false;
    for (const auto& name : TRY(sys::list_dir(dir_))) {
        if (!number_of(name)) continue;
        removed |= TRY(remove_if_empty(name));
    }
    if (!removed) return {};
    return TRY(AddressLocker::open()).forget_unused_listeners();
}

Result<ContextGroup> ContextGroups::make(const std::optional<std::string>& parent) {
    auto above = parent.value_or(path_);
    auto dir = TRY(sys::open_dir(sys::kHere, above));
    for (std::uint16_t number = 1; number < kMost; ++number) {
        auto name = std::to_string(number);
        auto made = sys::make_dir(dir, name, 0755, sys::IfExists::fail);
        if (!made && made.error().errno_value == EEXIST) continue;
        TRY(std::move(made));
        return ContextGroup{number, above + "/" + name, TRY(sys::open_dir(dir, name))};
    }
    return fail(Code::busy, "there are {} address locks already", kMost - 1);
}

}  // namespace vs::context
