#pragma once
// System calls of other processes that a seccomp filter hands to us (seccomp_unotify(2)). A caller's memory and descriptors are read
// while it waits; it or its other threads may change them meanwhile, so nothing of this is a boundary.

#include <linux/filter.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "sys/fd.hpp"

namespace vs::sys {

/// Loads a filter with SECCOMP_RET_USER_NOTIF: the descriptor that gets the calls, or a negative errno; EBUSY where there is another one already.
/// Needs no_new_privs or CAP_SYS_ADMIN, as any filter. A call that somebody has begun to handle is interrupted by deadly signals only, where the
/// kernel can (Linux 5.19): a bind that is done must not be done again.
/// Fork-safety: async-signal-safe.
int load_notifying_filter_raw(const sock_filter* program, std::size_t length) noexcept;

struct CallNotice {
    std::uint64_t id = 0;
    int thread = 0;  ///< of the caller
    int number = 0;
    std::array<std::uint64_t, 6> arguments{};
};

class CallNotices {
  public:
    explicit CallNotices(Fd listener) : listener_(std::move(listener)) {}
    [[nodiscard]] FdRef fd() const { return listener_; }
    /// nullopt: whoever called is gone.
    [[nodiscard]] Result<std::optional<CallNotice>> next() const;
    /// True while the caller still waits: then what was opened by its number was its own.
    [[nodiscard]] bool is_waiting(const CallNotice& notice) const;
    /// The kernel goes on with the call as it is.
    void let_go_on(const CallNotice& notice) const;
    /// The call returns 0, or fails with `error`.
    void answer(const CallNotice& notice, int error) const;
    /// True once nobody is under the filter any more.
    [[nodiscard]] bool is_over() const;

  private:
    Fd listener_;
};

/// At most `size` bytes of a thread's memory.
Result<std::string> read_memory(int thread, std::uint64_t address, std::size_t size);
/// A descriptor of the process that a thread is of.
Result<SocketFd> take_socket(int thread, int number);

}  // namespace vs::sys
