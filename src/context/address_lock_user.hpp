#pragma once
// The address lock of those whom neither root nor the lock service locks: system calls that name an address are handed to a supervisor by
// seccomp (notification.hpp), which binds the socket to an address of the lock before they go on. For honest programs, and no
// boundary: what a call says can be changed after it was looked at, and a socket that is passed in is free.
//
//     bind      any: the first address of its family; another one: EADDRNOTAVAIL
//     connect, sendto, sendmsg, sendmmsg, listen    a socket without an address gets the one for its destination, and the call goes on
//
// It needs no privilege, and a process that lives as long as the last one that is locked. Without it those calls fail with ENOSYS.

#include <linux/filter.h>

#include <span>

#include "context/address_lock.hpp"
#include "sys/inet_socket.hpp"
#include "sys/notification.hpp"

namespace vs::context {

/// The seccomp filter that hands on those calls; it is loaded on top of lock_filter(). Further protocols are refused in it.
std::span<const sock_filter> notifying_filter() noexcept;

/// Pure. What to do with a call.
struct Ruling {
    enum class Kind {
        go_on,       ///< as it is
        refuse,      ///< with `error`
        bind,        ///< to `to`, in place of the call
        set_source,  ///< to the address of `to`, and then go on
    } kind = Kind::go_on;
    int error = 0;
    sys::Endpoint to{};
    friend bool operator==(const Ruling& a, const Ruling& b) {
        return a.kind == b.kind && a.error == b.error && a.to.address == b.to.address && a.to.port == b.to.port;
    }
};
Ruling rule_bind(const AddressLock& lock, const sys::SocketKind& socket, const sys::Endpoint& asked);
/// For a socket that has no address yet. `destination` is `unspecified` for listen().
Ruling rule_source(const AddressLock& lock, const sys::SocketKind& socket, const sys::Endpoint& destination);

class HonestSupervisor {
  public:
    HonestSupervisor(AddressLock lock, std::uint64_t network, sys::CallNotices notices)
        : lock_(std::move(lock)), network_(network), notices_(std::move(notices)) {}
    /// Answers one call that waits.
    Result<> serve() const;
    [[nodiscard]] const sys::CallNotices& notices() const { return notices_; }

  private:
    [[nodiscard]] Result<Ruling> judge(const sys::CallNotice& notice, sys::SocketFd& socket) const;
    [[nodiscard]] Result<sys::Endpoint> named(const sys::CallNotice& notice) const;

    AddressLock lock_;
    std::uint64_t network_;
    sys::CallNotices notices_;
};

}  // namespace vs::context
