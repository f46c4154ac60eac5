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

constexpr std::string_view kUser = "user-";

std::optional<std::uint16_t> number_of(std::string_view name) {
    auto number = base::parse_number(name);
    if (!number || *number == 0 || *number >= kMost) return std::nullopt;
    return static_cast<std::uint16_t>(*number);
}

bool is_ours(std::string_view name) { return number_of(name) || name.starts_with(kUser); }

/// The numbers of the locks in a directory, and in those.
Result<> collect(sys::FdRef dir, std::vector<std::uint16_t>& numbers) {
    for (const auto& name : TRY(sys::list_dir(dir))) {
        if (!is_ours(name)) continue;
        if (auto number = number_of(name)) numbers.push_back(*number);
        TRY(collect(TRY(sys::open_dir(dir, name)), numbers));
    }
    return {};
}

/// Removes what is empty, from below; true where anything was.
Result<bool> sweep_below(sys::FdRef dir) {
    bool any = false;
    for (const auto& name : TRY(sys::list_dir(dir))) {
        if (!is_ours(name)) continue;
        any |= TRY(sweep_below(TRY(sys::open_dir(dir, name))));
        auto removed = sys::remove_dir(dir, name);
        if (!removed && (removed.error().errno_value == EBUSY || removed.error().errno_value == ENOTEMPTY)) continue;
        TRY(std::move(removed));
        if (auto number = number_of(name)) TRY(remove_loopback_address(static_cast<std::uint16_t>(kFirstContextLoopback + *number)));
        any = true;
    }
    return any;
}

/// Lets the groups below bound the number of their processes; false where this hierarchy cannot.
Result<bool> count_processes(const std::string& path) {
    auto controllers = TRY(sys::read_file(sys::kHere, path + "/cgroup.controllers"));
    for (auto controller : base::split(base::trim(controllers), ' ')) {
        if (controller != "pids") continue;
        TRY(sys::write_kernel_file(sys::kHere, path + "/cgroup.subtree_control", "+pids"));
        return true;
    }
    return false;
}

}  // namespace

Result<std::string> group_of(sys::FdRef process) {
    auto text = TRY(sys::read_file(process, "cgroup"));
    for (auto line : base::split(text, '\n'))
        if (line.starts_with("0::/")) return TRY(cgroup2_mount()) + std::string(line.substr(3));
    return fail(Code::unsupported, "it is in no control group of version 2");
}

Result<std::string> group_of(pid_t pid) {
    return TRY_WITH(group_of(TRY(sys::open_dir(sys::kHere, fmt::format("/proc/{}", pid)))), "look for the group of process {}", pid);
}

Result<std::optional<AddressLock>> lock_around(pid_t pid) {
    auto locker = TRY(AddressLocker::find());
    if (!locker) return std::nullopt;
    const auto mount = TRY(cgroup2_mount());
    for (auto group = TRY(group_of(pid)); group.size() > mount.size() + 1; group.resize(group.rfind('/')))
        if (auto lock = TRY(locker->read(TRY(sys::open_dir(sys::kHere, group))))) return lock;
    return std::nullopt;
}

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
    auto turn = TRY(sys::lock_file(TRY(sys::open_dir(sys::kHere, model::paths::kRun)), ".locks", sys::LockWait::wait));
    auto root = TRY(group_root());
    TRY(sys::make_dir(sys::kHere, root, 0755, sys::IfExists::keep));
    auto path = root + "/.contexts";
    TRY(sys::make_dir(sys::kHere, path, 0755, sys::IfExists::keep));
    return ContextGroups(path, TRY(sys::open_dir(sys::kHere, path)), std::move(turn));
}

Result<> ContextGroups::sweep() {
    if (!TRY(sweep_below(dir_))) return {};
    return TRY(AddressLocker::open()).forget_unused_listeners();
}

Result<ContextGroup> ContextGroups::make(const std::string& above) {
    std::vector<std::uint16_t> taken;
    TRY(collect(dir_, taken));
    std::ranges::sort(taken);
    std::uint16_t number = 1;
    for (auto other : taken)
        if (other == number) ++number;
    if (number >= kMost) return fail(Code::busy, "there are {} address locks already", kMost - 1);
    auto dir = TRY(sys::open_dir(sys::kHere, above));
    auto name = std::to_string(number);
    auto made = sys::make_dir(dir, name, 0755, sys::IfExists::fail);
    if (!made && made.error().errno_value == EAGAIN) return fail(Code::busy, "this user has as many locks already as he may");  // cgroup.max.descendants
    TRY(std::move(made));
    auto opened = TRY(sys::open_dir(dir, name));
    return ContextGroup{number, above + "/" + name, std::move(opened)};
}

Result<std::string> ContextGroups::directory_of(std::uint32_t uid, const model::Grant& grant) {
    const auto above = path_.substr(0, path_.rfind('/'));
    const auto own = fmt::format("{}/{}{}", path_, kUser, uid);
    const bool counted = TRY(count_processes(above)) && TRY(count_processes(path_));
    TRY(sys::make_dir(sys::kHere, own, 0755, sys::IfExists::keep));
    if (counted) TRY(sys::write_kernel_file(sys::kHere, own + "/pids.max", std::to_string(grant.processes)));
    TRY(sys::write_kernel_file(sys::kHere, own + "/cgroup.max.descendants", std::to_string(grant.locks)));
    return own;
}

Result<std::size_t> ContextGroups::count(const std::string& above) const {
    std::vector<std::uint16_t> numbers;
    TRY(collect(TRY(sys::open_dir(sys::kHere, above)), numbers));
    return numbers.size();
}

Result<LockPlace> ContextGroups::place_of(pid_t pid) const {
    const auto root = path_.substr(0, path_.rfind('/'));
    auto group = TRY(group_of(pid));
    if (!group.starts_with(root + "/")) return LockPlace{};
    if (!group.starts_with(path_ + "/") || !number_of(group.substr(group.rfind('/') + 1))) return LockPlace{LockPlace::Kind::other, {}};
    return LockPlace{LockPlace::Kind::locked, group};
}

Result<ContextGroup> make_locked_group(ContextGroups& groups, const std::string& above, AddressLock lock, LoopbackKind loopback) {
    auto locker = TRY(AddressLocker::open());
    auto group = TRY(groups.make(above));
    auto apply = [&]() -> Result<> {
        if (loopback == LoopbackKind::own) {
            lock.loopback = group.loopback();
            TRY(add_loopback_address(group.loopback()));
        }
        return locker.lock(lock, group.dir);
    };
    auto locked = apply();
    if (locked) return group;
    (void)groups.sweep();
    return std::unexpected<Error>(locked.error());
}

std::string ContextGroups::outermost(const std::string& lock) const {
    auto end = lock.find('/', path_.size() + 1);
    if (lock.compare(path_.size() + 1, kUser.size(), kUser) == 0) end = lock.find('/', end + 1);
    return lock.substr(0, end);
}

}  // namespace vs::context
