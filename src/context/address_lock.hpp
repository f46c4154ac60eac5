#pragma once
// The address lock: a control group whose processes use only the given addresses of the host's own network stack, as servers and
// as clients, without a network namespace. What it does for each kind of socket: docs/decisions/address-lock.md.
//
// The lock is BPF programs that are loaded and pinned once per boot and shared by all locks; a lock is the programs attached to a
// group, and a value in that group's storage. It ends with the group and needs no process. Sockets belong to the group of the
// process that made them, so a process has to be born in the group: what it inherits or is given stays unlocked.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/address.hpp"
#include "sys/bpf.hpp"
#include "sys/route.hpp"

namespace vs::context {

struct LockedAddress {
    model::IpAddress address;
    std::uint8_t prefix = 0;  ///< the network it reaches directly: picks the source among several
    friend auto operator<=>(const LockedAddress&, const LockedAddress&) = default;
};

struct AddressLock {
    std::vector<LockedAddress> addresses;      ///< the first of each family is what "any" becomes; at most 8 of each
    std::vector<model::IpAddress> broadcasts;  ///< IPv4; at most 8
    /// The number of its own loopback, 127.x.y.0/24 and one IPv6 address, shown inside as the usual one; nullopt: the host's.
    std::optional<std::uint16_t> loopback;
    /// The host's uid that may bind to ports below 1024 of these addresses without a capability: the root of a server.
    std::optional<std::uint32_t> low_port_uid;
};

inline constexpr std::uint16_t kLoopbackNumbers = 16384;
inline constexpr std::uint16_t kFirstContextLoopback = 4096;  ///< those below are the servers' own numbers

/// Which loopback a new lock has: the host's, or one of its own whose number its group gives.
enum class LoopbackKind { host, own };

/// What somebody asks for, in the words of chbind(8).
struct LockRequest {
    std::vector<std::string> addresses;  ///< "IP", "IP/PREFIX", "IP/MASK" or the name of a device
    std::string broadcast;               ///< empty: those of the host's devices
};
/// A device of the host by name, for plan_lock.
struct NamedDevice {
    std::string name;
    std::uint32_t index = 0;
};
/// Pure. Code::usage for what is no address, none of this host's, or too many.
Result<AddressLock> plan_lock(const LockRequest& request, const std::vector<sys::OwnAddress>& own, const std::vector<NamedDevice>& devices);
/// The same, asking the kernel.
Result<AddressLock> plan_lock(const LockRequest& request);

/// The programs of all locks.
class AddressLocker {
  public:
    /// Loads and pins them where this boot has not yet (30 ms). Code::unsupported where this kernel cannot.
    static Result<AddressLocker> open();
    /// Those that this boot has; nullopt where it has none, and so no lock.
    static Result<std::optional<AddressLocker>> find();

    /// Locks a group that nobody lives in yet, or changes its lock, to addresses of our network namespace. After a failure the group refuses more than it
    /// should, and must be removed.
    Result<> lock(const AddressLock& lock, sys::FdRef group) const;
    /// What is recorded for a group: nullopt where it is not locked.
    Result<std::optional<AddressLock>> read(sys::FdRef group) const;
    /// Where no lock is left, sockets are looked up without us again.
    Result<> forget_unused_listeners() const;

  private:
    explicit AddressLocker(std::string pins, sys::BpfMap locks) : pins_(std::move(pins)), locks_(std::move(locks)) {}
    Result<> attach(const AddressLock& lock, sys::FdRef group) const;
    Result<> steer(const AddressLock& lock) const;
    Result<> steer_datagrams(const AddressLock& lock) const;
    Result<bool> is_any_locked(const std::string& directory) const;

    std::string pins_;  ///< the directory
    sys::BpfMap locks_;
};

/// The real address of a loopback of its own: 127.x.y.1, and that for ::1.
model::IpAddress loopback_address(std::uint16_t number, model::Family family);

}  // namespace vs::context
