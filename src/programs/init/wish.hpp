#pragma once
// What a signal to PID 1 asks for. The table is that of busybox's init, so that `reboot`, `halt` and `poweroff` of
// busybox work unmodified inside, with one difference: SIGTERM from outside the server, which is how it is stopped, is
// not a reboot.
//
//     signal            from inside   from outside
//     SIGTERM           reboot        power off
//     SIGINT, SIGHUP    reboot        reboot
//     SIGUSR1           halt          halt
//     SIGUSR2, SIGPWR   power off     power off

#include <signal.h>

#include <array>
#include <optional>

namespace vs::init {

enum class Wish { power_off, halt, reboot };

enum class Sender {
    inside,   ///< a process of the server
    outside,  ///< a process that our PID namespace cannot name: the keeper
    kernel,   ///< a terminal that hung up, a key: nobody's wish
};

/// A pid of 0 is what the kernel writes for a sender from an ancestor namespace (pid_namespaces(7)).
constexpr Sender sender_of(int code, pid_t pid) {
    if (code > 0) return Sender::kernel;
    return pid == 0 ? Sender::outside : Sender::inside;
}

struct WishRow {
    int signal;
    Wish inside;
    Wish outside;
};
inline constexpr std::array kWishes{
    WishRow{SIGTERM, Wish::reboot, Wish::power_off},    WishRow{SIGINT, Wish::reboot, Wish::reboot},
    WishRow{SIGHUP, Wish::reboot, Wish::reboot},        WishRow{SIGUSR1, Wish::halt, Wish::halt},
    WishRow{SIGUSR2, Wish::power_off, Wish::power_off}, WishRow{SIGPWR, Wish::power_off, Wish::power_off},
};

constexpr std::optional<Wish> wish_of(int signal, Sender sender) {
    if (sender == Sender::kernel) return std::nullopt;
    for (const auto& row : kWishes)
        if (row.signal == signal) return sender == Sender::inside ? row.inside : row.outside;
    return std::nullopt;
}

constexpr const char* name_of(Wish wish) {
    switch (wish) {
        case Wish::power_off: return "power off";
        case Wish::halt: return "halt";
        case Wish::reboot: return "reboot";
    }
    return "";
}

}  // namespace vs::init
