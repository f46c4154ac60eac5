// From the words of an administrator to a lock.

#include <linux/netlink.h>

#include <algorithm>
#include <bit>

#include "base/text.hpp"
#include "bpf/address_lock.h"
#include "context/address_lock.hpp"

namespace vs::context {

using model::Family;
using model::IpAddress;

namespace {

/// Of an IPv4 address.
std::uint32_t number(const IpAddress& address) {
    std::uint32_t bits = 0;
    for (char byte : address.bytes()) bits = bits << 8 | static_cast<unsigned char>(byte);
    return bits;
}

/// The length of "255.255.255.0"; nullopt where it is no mask.
std::optional<std::uint64_t> mask_length(std::string_view text) {
    auto mask = IpAddress::parse(text);
    if (!mask || mask->family() != Family::ipv4) return std::nullopt;
    const auto bits = number(*mask);
    auto length = std::countl_one(bits);
    if (length != std::popcount(bits)) return std::nullopt;
    return static_cast<std::uint64_t>(length);
}

std::uint32_t last_of(const IpAddress& address, std::uint8_t prefix) { return number(address) | (prefix == 0 ? ~0U : ~0U >> prefix); }

class Planner {
  public:
    Planner(const std::vector<sys::OwnAddress>& own, const std::vector<NamedDevice>& devices) : own_(own), devices_(devices) {}

    Result<> add(std::string_view word) {
        auto slash = word.find('/');
        auto address = IpAddress::parse(word.substr(0, slash));
        if (address) return add_address(*address, slash == std::string_view::npos ? "" : word.substr(slash + 1));
        auto device = std::find_if(devices_.begin(), devices_.end(), [&](const NamedDevice& d) { return d.name == word; });
        if (device == devices_.end()) return fail(Code::usage, "'{}' is neither an address nor a device of this host", word.substr(0, 64));
        return add_device(*device);
    }

    Result<AddressLock> finish(const std::string& broadcast) {
        if (!broadcast.empty()) lock_.broadcasts = {TRY(IpAddress::parse(broadcast))};
        for (auto family : {Family::ipv4, Family::ipv6})
            if (std::ranges::count_if(lock_.addresses, [&](const auto& a) { return a.address.family() == family; }) > ADDRESS_LOCK_MOST)
                return fail(Code::usage, "a lock has at most {} addresses of one family", ADDRESS_LOCK_MOST);
        for (const auto& address : lock_.broadcasts)
            if (!is_broadcast(address)) return fail(Code::usage, "no device of this host has the broadcast address {}", address.text());
        return std::move(lock_);
    }

  private:
    Result<> add_address(const IpAddress& address, std::string_view mask) {
        auto text = address.text();
        auto own = std::ranges::find(own_, text, &sys::OwnAddress::address);
        if (own == own_.end())
            return fail(Code::usage, "no device of this host has the address {}: 'ip address add {} dev DEVICE' gives it one", text, text);
        auto length = mask.empty() ? own->prefix : TRY(prefix_of(address, mask));
        note(address, length, own->broadcast);
        return {};
    }

    Result<> add_device(const NamedDevice& device) {
        auto before = lock_.addresses.size();
        for (const auto& own : own_) {
            auto address = own.index == device.index ? IpAddress::parse(own.address) : IpAddress();
            if (own.index != device.index || !address || own.address.starts_with("fe80:")) continue;
            note(*address, own.prefix, own.broadcast);
        }
        if (lock_.addresses.size() == before) return fail(Code::usage, "the device '{}' has no address", device.name);
        return {};
    }

    static Result<std::uint8_t> prefix_of(const IpAddress& address, std::string_view mask) {
        auto length = base::parse_number(mask);
        if (!length && address.family() == Family::ipv4) length = mask_length(mask);
        if (!length || *length > address.bytes().size() * 8) return fail(Code::usage, "'{}' is no network mask of {}", mask.substr(0, 64), address.text());
        return static_cast<std::uint8_t>(*length);
    }

    void note(const IpAddress& address, std::uint8_t prefix, const std::string& broadcast) {
        if (std::ranges::find(lock_.addresses, address, &LockedAddress::address) != lock_.addresses.end()) return;
        lock_.addresses.push_back({address, prefix});
        auto parsed = broadcast.empty() ? Result<IpAddress>(fail(Code::failed, "none")) : IpAddress::parse(broadcast);
        if (parsed && lock_.broadcasts.size() < ADDRESS_LOCK_MOST) lock_.broadcasts.push_back(*parsed);
    }

    /// By the device's word, or as the last of the network that the host has there: it is what the kernel delivers broadcasts by. Of a network
    /// that was asked for it would be any address, of another machine or of this one tomorrow. Nor is one that is an address already.
    [[nodiscard]] bool is_broadcast(const IpAddress& address) const {
        const auto text = address.text();
        if (address.family() != Family::ipv4 || std::ranges::find(own_, text, &sys::OwnAddress::address) != own_.end()) return false;
        return std::ranges::find(own_, text, &sys::OwnAddress::broadcast) != own_.end() ||
               std::ranges::any_of(lock_.addresses, [&](const auto& locked) {
                   auto own = std::ranges::find(own_, locked.address.text(), &sys::OwnAddress::address);
                   return locked.address.family() == Family::ipv4 && own->prefix < 31 && last_of(locked.address, own->prefix) == number(address);
               });
    }

    const std::vector<sys::OwnAddress>& own_;
    const std::vector<NamedDevice>& devices_;
    AddressLock lock_;
};

}  // namespace

Result<AddressLock> plan_lock(const LockRequest& request, const std::vector<sys::OwnAddress>& own, const std::vector<NamedDevice>& devices) {
    Planner planner(own, devices);
    if (request.addresses.empty()) return fail(Code::usage, "which addresses? Give at least one with --ip");
    for (const auto& word : request.addresses) TRY(planner.add(word));
    return planner.finish(request.broadcast);
}

Result<AddressLock> plan_lock(const LockRequest& request) {
    auto socket = TRY(sys::NetlinkSocket::open(NETLINK_ROUTE));
    std::vector<NamedDevice> devices;
    for (const auto& word : request.addresses) {
        if (IpAddress::parse(std::string_view(word).substr(0, word.find('/')))) continue;
        if (auto device = TRY(sys::device_by_name(socket, word))) devices.push_back({word, device->index});
    }
    return plan_lock(request, TRY(sys::own_addresses(socket)), devices);
}

}  // namespace vs::context
