#pragma once
// Pseudo terminals of a given devpts instance, and the modes of our own terminal.

#include <cstdint>
#include <string>

#include "sys/fd.hpp"

namespace vs::sys {

struct PtyPair {
    Fd master;
    Fd slave;              ///< opened through the master (TIOCGPTPEER): no path, so nothing can be put in its place
    unsigned number = 0;   ///< its name in the instance
};
/// A new terminal of the devpts instance behind `devpts` (a mount or a directory descriptor).
Result<PtyPair> open_pty(FdRef devpts);

/// True where the descriptor is a master of some devpts: what a hostile child sends us instead is refused.
bool is_pty_master(FdRef fd);

struct WindowSize { unsigned short rows = 24, columns = 80; };
Result<WindowSize> window_size(FdRef terminal);
Result<> set_window_size(FdRef terminal, WindowSize size);
bool is_terminal(FdRef fd);

/// Puts our terminal into raw mode until it goes out of scope.
class RawTerminal {
  public:
    static Result<RawTerminal> enter(FdRef terminal);
    RawTerminal(RawTerminal&& other) noexcept;
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    RawTerminal& operator=(RawTerminal&&) = delete;
    ~RawTerminal();

  private:
    RawTerminal(int fd, std::string saved) : fd_(fd), saved_(std::move(saved)) {}
    int fd_;
    std::string saved_;  ///< the termios to restore, as bytes
};

}  // namespace vs::sys
