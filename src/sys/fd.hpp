#pragma once
// File descriptors with an owner. A handle is an identity that a path or a pid is not: it cannot be recycled under us.
// Each kind is a type of its own, so that a mount cannot be passed where a pidfd is due.
//
// Every descriptor of ours is close-on-exec from birth. close() is never retried (close(2), EINTR).
// Fork: children inherit them; pass-through to an exec'd program is explicit (`inherit`).

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace vs::sys {

/// A descriptor somebody else owns, for the length of a call.
class FdRef {
  public:
    explicit constexpr FdRef(int value) : value_(value) {}
    [[nodiscard]] constexpr int get() const { return value_; }

  private:
    int value_;
};

class Fd {
  public:
    Fd() = default;
    explicit Fd(int value) : value_(value) {}
    Fd(Fd&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        Fd old(std::exchange(value_, std::exchange(other.value_, -1)));
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    [[nodiscard]] int get() const { return value_; }
    [[nodiscard]] bool is_open() const { return value_ >= 0; }
    operator FdRef() const { return FdRef(value_); }  // NOLINT: a borrow, as string to string_view

    /// Hands ownership to the caller.
    [[nodiscard]] int release() { return std::exchange(value_, -1); }
    void reset();

  private:
    int value_ = -1;
};

struct DirFd : Fd { using Fd::Fd; };        ///< a directory, possibly O_PATH
struct PidFd : Fd { using Fd::Fd; };        ///< a process (pidfd_open(2))
struct NamespaceFd : Fd { using Fd::Fd; };  ///< /proc/PID/ns/*
struct MountFd : Fd { using Fd::Fd; };      ///< fsmount(2), open_tree(2)
struct FsContextFd : Fd { using Fd::Fd; };  ///< fsopen(2)
struct SocketFd : Fd { using Fd::Fd; };

/// The current directory, for absolute paths of the host.
inline constexpr FdRef kHere{-100};  // AT_FDCWD

/// A second descriptor for the same open file, close-on-exec and at least 3.
Result<Fd> duplicate(FdRef fd);
/// The same with a number of at least 64: out of the way of those that a program expects.
Result<Fd> duplicate_high(FdRef fd);
/// The same file at exactly `number` in this process, kept across exec. For handing descriptors to a program.
Result<> inherit_as(FdRef fd, int number);
/// Makes each of `fds` the descriptor at `first`, `first`+1 and so on, kept across exec; a closed one leaves its number closed.
/// For the moment before this process becomes another program: whatever was open under those numbers is replaced.
Result<> place_descriptors(const std::vector<FdRef>& fds, int first);
/// 0, 1 and 2 become /dev/null.
Result<> silence_standard();
/// Two connected stream ends.
struct Pipe {
    Fd read;
    Fd write;
};
Result<Pipe> make_pipe();
struct SocketPair {
    SocketFd ours;
    SocketFd theirs;
};
Result<SocketPair> make_socket_pair();
/// One message over a socket pair of ours; at most 64 KiB. An empty one means that the other side has ended.
Result<> send_message(FdRef socket, std::string_view text);
Result<std::string> receive_message(FdRef socket);
/// The length of the next message without taking it; 0 at the end.
Result<std::size_t> next_message_size(FdRef socket);
/// True for what can only be read or written: a pipe, /dev/null, a file that is open for reading only. Nothing else is known of
/// a descriptor that is not open.
bool is_mere_stream(FdRef fd);
/// Marks every descriptor from `first` up close-on-exec (CVE-2024-21626: nothing of the caller's may leak into a guest).
Result<> close_on_exec_from(int first);
/// Sends one byte string with descriptors (SCM_RIGHTS), and receives one. `received` descriptors are close-on-exec.
Result<> send_fd(FdRef socket, FdRef fd);
Result<Fd> receive_fd(FdRef socket);
/// Several at once, at most 8; fewer than `count` is an error.
Result<std::vector<Fd>> receive_fds(FdRef socket, std::size_t count);

}  // namespace vs::sys
