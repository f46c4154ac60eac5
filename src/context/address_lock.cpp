#include "context/address_lock.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "address_lock_version.hpp"
#include "bpf/address_lock.h"
#include "context/address_lock_object.hpp"
#include "context/group_root.hpp"
#include "model/paths.hpp"
#include "sys/device_program.hpp"
#include "sys/file.hpp"

namespace vs::context {

using model::Family;
using model::IpAddress;

namespace {

const std::string kBpf = "/sys/fs/bpf";
const std::string kPins = kBpf + "/vserver-" VS_ADDRESS_LOCK_VERSION;

constexpr std::uint32_t kLoopbackDevice = 1;

/// Of two versions each has a filter of its own on a device: they differ in the first 28 bits of their names.
consteval std::uint32_t handle_of_version() {
    std::uint32_t handle = 0;
    for (char digit : std::string_view(VS_ADDRESS_LOCK_VERSION).substr(0, 7))
        handle = handle << 4 | static_cast<std::uint32_t>(digit <= '9' ? digit - '0' : digit - 'a' + 10);
    return handle | 1;
}
constexpr sys::DeviceFilter kFilter{handle_of_version(), 118};

/// By which devices datagrams for another address than the first come: from this machine by loopback.
Result<std::set<std::uint32_t>> ways_in(const AddressLock& lock) {
    std::set<std::uint32_t> devices{kLoopbackDevice};
    if (lock.addresses.size() < 2) return devices;
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    for (const auto& own : TRY(sys::own_addresses(socket)))
        for (const auto& locked : lock.addresses)
            if (locked.address.text() == own.address) devices.insert(own.index);
    return devices;
}

struct Attachment {
    const char* program;
    int hook;
};
constexpr Attachment kAlways[] = {
    {"lock_create", BPF_CGROUP_INET_SOCK_CREATE}, {"lock_bind4", BPF_CGROUP_INET4_BIND},       {"lock_bind6", BPF_CGROUP_INET6_BIND},
    {"lock_connect4", BPF_CGROUP_INET4_CONNECT},  {"lock_connect6", BPF_CGROUP_INET6_CONNECT}, {"lock_send4", BPF_CGROUP_UDP4_SENDMSG},
    {"lock_send6", BPF_CGROUP_UDP6_SENDMSG},      {"lock_egress", BPF_CGROUP_INET_EGRESS},     {"lock_ingress", BPF_CGROUP_INET_INGRESS}};
constexpr Attachment kSteered[] = {{"note_listener", BPF_CGROUP_SOCK_OPS}};
constexpr Attachment kOwnLoopback[] = {
    {"show_own4", BPF_CGROUP_INET4_GETSOCKNAME},  {"show_own6", BPF_CGROUP_INET6_GETSOCKNAME},
    {"show_peer4", BPF_CGROUP_INET4_GETPEERNAME}, {"show_peer6", BPF_CGROUP_INET6_GETPEERNAME},
    {"show_sender4", BPF_CGROUP_UDP4_RECVMSG},    {"show_sender6", BPF_CGROUP_UDP6_RECVMSG}};

/// Words of an address as the programs see them: network byte order in memory.
void copy_words(const IpAddress& address, std::uint32_t* words) {
    std::copy_n(address.bytes().data(), address.bytes().size(), reinterpret_cast<char*>(words));
}

void fill_mask(std::uint8_t prefix, std::uint32_t* words) {
    for (int bits = prefix; bits > 0; bits -= 32, ++words) *words = htonl(bits >= 32 ? ~0U : ~0U << (32 - bits));
}

IpAddress address_of(Family family, const std::uint32_t* words) {
    char text[INET6_ADDRSTRLEN];
    return IpAddress::parse(::inet_ntop(family == Family::ipv4 ? AF_INET : AF_INET6, words, text, sizeof text)).value_or(IpAddress());
}

std::uint8_t prefix_of(const std::uint32_t* mask, int words) {
    int bits = 0;
    for (int i = 0; i < words; ++i) bits += std::popcount(mask[i]);
    return static_cast<std::uint8_t>(bits);
}

bool is_steered(const AddressLock& lock) { return lock.addresses.size() > 1 || lock.loopback; }

address_lock as_element(const AddressLock& lock, std::uint64_t network, std::uint64_t group) {
    address_lock element{};
    element.network = network;
    element.group = group;
    element.steered = is_steered(lock);
    element.low_port_uid = lock.low_port_uid.value_or(~0U);
    for (const auto& [address, prefix] : lock.addresses) {
        if (address.family() == Family::ipv4) {
            auto& own = element.four[element.count4++];
            copy_words(address, &own.address);
            fill_mask(prefix, &own.mask);
        } else {
            auto& own = element.six[element.count6++];
            copy_words(address, own.address);
            fill_mask(prefix, own.mask);
        }
    }
    for (const auto& address : lock.broadcasts) copy_words(address, &element.broadcast[element.broadcasts++]);
    if (!lock.loopback) return element;
    element.loopback4 = htonl(PRIVATE_LOOPBACK4_FIRST | static_cast<std::uint32_t>(*lock.loopback) << 8);
    copy_words(loopback_address(*lock.loopback, Family::ipv6), element.loopback6);
    return element;
}

AddressLock from_element(const address_lock& element) {
    AddressLock lock;
    for (std::uint32_t i = 0; i < element.count4; ++i)
        lock.addresses.push_back({address_of(Family::ipv4, &element.four[i].address), prefix_of(&element.four[i].mask, 1)});
    for (std::uint32_t i = 0; i < element.count6; ++i)
        lock.addresses.push_back({address_of(Family::ipv6, element.six[i].address), prefix_of(element.six[i].mask, 4)});
    for (std::uint32_t i = 0; i < element.broadcasts; ++i) lock.broadcasts.push_back(address_of(Family::ipv4, &element.broadcast[i]));
    if (element.loopback4 != 0) lock.loopback = static_cast<std::uint16_t>((ntohl(element.loopback4) & ~PRIVATE_LOOPBACK4_MASK) >> 8);
    return lock;
}

/// Under this name it may have registered listeners (bpf/listeners.bpf.h).
std::string steered_key_of(const IpAddress& address) {
    steered_key key{};
    if (address.family() == Family::ipv6) {
        copy_words(address, key.address);
    } else {
        key.address[2] = htonl(0xffff);
        copy_words(address, &key.address[3]);
    }
    return std::string(reinterpret_cast<const char*>(&key), sizeof key);
}

Result<std::uint64_t> group_id(sys::FdRef group) { return TRY(sys::stat_fd(group)).st_ino; }

template <typename T>
std::string_view bytes_of(const T& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

}  // namespace

IpAddress loopback_address(std::uint16_t number, Family family) {
    std::uint32_t words[4] = {htonl(PRIVATE_LOOPBACK6_WORD0), 0, 0, htonl(number + 1U)};
    if (family == Family::ipv4) words[0] = htonl((PRIVATE_LOOPBACK4_FIRST | static_cast<std::uint32_t>(number) << 8) + 1);
    return address_of(family, words);
}

Result<AddressLocker> AddressLocker::open() {
    if (!TRY(sys::exists(sys::kHere, kPins + "/locks"))) {
        TRY(sys::make_dir(sys::kHere, model::paths::kRun, 0700, sys::IfExists::keep));
        auto turn = TRY(sys::lock_file(TRY(sys::open_dir(sys::kHere, model::paths::kRun)), ".address-lock", sys::LockWait::wait));
        TRY(sys::need_bpf_filesystem(kBpf));
        if (!TRY(sys::exists(sys::kHere, kPins + "/locks")))
            TRY_WITH(sys::load_and_pin(address_lock_object(), kPins), "load the programs of the address lock");
    }
    return AddressLocker(kPins, TRY(sys::open_pinned_map(kPins + "/locks")));
}

Result<std::optional<AddressLocker>> AddressLocker::find() {
    if (!TRY(sys::exists(sys::kHere, kPins + "/locks"))) return std::nullopt;
    return std::optional(AddressLocker(kPins, TRY(sys::open_pinned_map(kPins + "/locks"))));
}

Result<> AddressLocker::attach(const AddressLock& lock, sys::FdRef group) const {
    std::vector<Attachment> wanted(std::begin(kAlways), std::end(kAlways));
    if (is_steered(lock)) wanted.insert(wanted.end(), std::begin(kSteered), std::end(kSteered));
    if (lock.loopback) wanted.insert(wanted.end(), std::begin(kOwnLoopback), std::end(kOwnLoopback));
    for (const auto& [name, hook] : wanted) {
        auto program = TRY(sys::open_pinned_program(pins_ + "/" + name));
        if (TRY(sys::is_attached_to_cgroup(program, group, hook))) continue;
        TRY_WITH(sys::attach_to_cgroup(program, group, hook), "attach '{}'", name);
    }
    return {};
}

Result<> AddressLocker::steer(const AddressLock& lock) const {
    auto program = TRY(sys::open_pinned_program(pins_ + "/find_listener"));
    TRY(sys::attach_to_network(program, pins_ + "/steering"));
    auto steered = TRY(sys::open_pinned_map(pins_ + "/steered"));
    std::uint64_t present = 1;
    for (const auto& own : lock.addresses) TRY(sys::set_element(steered, steered_key_of(own.address), bytes_of(present)));
    if (!lock.loopback) return {};
    for (auto family : {Family::ipv4, Family::ipv6})
        TRY(sys::set_element(steered, steered_key_of(loopback_address(*lock.loopback, family)), bytes_of(present)));
    return {};
}

Result<> AddressLocker::steer_datagrams(const AddressLock& lock) const {
    auto program = TRY(sys::open_pinned_program(pins_ + "/find_datagrams"));
    for (auto device : TRY(ways_in(lock))) {
        auto attached = sys::attach_to_device(program, device, kFilter, pins_);
        // It is no restriction: where the kernel has no such filters, or may load none any more, the first address has to do.
        if (!attached && attached.error().code != Code::unsupported) return attached;
    }
    return {};
}

Result<> AddressLocker::lock(const AddressLock& lock, sys::FdRef group) const {
    auto id = TRY(group_id(group));
    auto element = as_element(lock, TRY(sys::network_cookie()), id);
    TRY(attach(lock, group));
    if (is_steered(lock)) TRY_WITH(steer(lock), "let listeners be found under several addresses");
    if (is_steered(lock)) TRY_WITH(steer_datagrams(lock), "let datagrams be found under several addresses");
    return sys::set_element(locks_, bytes_of(id), bytes_of(element));
}

Result<std::optional<AddressLock>> AddressLocker::read(sys::FdRef group) const {
    auto id = TRY(group_id(group));
    std::string value(sizeof(address_lock), '\0');
    auto found = sys::get_element(locks_, bytes_of(id), value);
    if (!found && found.error().errno_value == ENOENT) return std::nullopt;
    if (!found) return std::unexpected<Error>(found.error());
    address_lock element{};
    std::copy_n(value.data(), sizeof element, reinterpret_cast<char*>(&element));
    return std::optional(from_element(element));
}

Result<bool> AddressLocker::is_any_locked(const std::string& directory) const {
    auto dir = sys::open_dir(sys::kHere, directory);
    if (!dir && dir.error().errno_value == ENOENT) return false;
    if (!dir) return std::unexpected<Error>(dir.error());
    for (const auto& name : TRY(sys::list_dir(*dir))) {
        auto group = sys::open_dir(*dir, name);  // files of the kernel are no directories, and a group may just have gone
        if (group && TRY(read(*group))) return true;
        if (name.starts_with("user-") && TRY(is_any_locked(fmt::format("{}/{}", directory, name)))) return true;
    }
    return false;
}

Result<> AddressLocker::forget_unused_listeners() const {
    if (!TRY(sys::exists(sys::kHere, pins_ + "/steering"))) return {};
    const auto root = TRY(group_root()), host = TRY(cgroup2_mount());
    for (const auto& place : {root, root + "/.contexts", host + "/system.slice"})  // the last: services of the host
        if (TRY(is_any_locked(place))) return {};
    TRY(sys::detach_from_devices(kFilter, pins_));
    auto removed = sys::remove_file(sys::kHere, pins_ + "/steering");
    if (!removed && removed.error().errno_value != ENOENT) return removed;
    return sys::clear_map(TRY(sys::open_pinned_map(pins_ + "/steered")), sizeof(steered_key));
}

}  // namespace vs::context
