#include "sys/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cstring>

#include "sys/call.hpp"
#include "sys/file.hpp"

namespace vs::sys {

Result<PtyPair> open_pty(FdRef devpts) {
    PtyPair pair;
    pair.master = TRY(open_at(devpts, "ptmx", O_RDWR | O_NOCTTY));
    int unlocked = 0;
    if (::ioctl(pair.master.get(), TIOCSPTLCK, &unlocked) < 0) return failed("unlock a pseudo terminal");
    if (::ioctl(pair.master.get(), TIOCGPTN, &pair.number) < 0) return failed("number of a pseudo terminal");
    int slave = ::ioctl(pair.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) return failed("open a pseudo terminal");
    pair.slave = Fd(slave);
    return pair;
}

bool is_pty_master(FdRef fd) {
    unsigned number = 0;
    return ::ioctl(fd.get(), TIOCGPTN, &number) == 0;
}

Result<WindowSize> window_size(FdRef terminal) {
    winsize size{};
    if (::ioctl(terminal.get(), TIOCGWINSZ, &size) < 0) return failed("window size");
    return WindowSize{size.ws_row, size.ws_col};
}

Result<> set_window_size(FdRef terminal, WindowSize wanted) {
    winsize size{wanted.rows, wanted.columns, 0, 0};
    if (::ioctl(terminal.get(), TIOCSWINSZ, &size) < 0) return failed("set window size");
    return {};
}

bool is_terminal(FdRef fd) { return ::isatty(fd.get()) == 1; }

Result<RawTerminal> RawTerminal::enter(FdRef terminal) {
    termios modes{};
    if (::tcgetattr(terminal.get(), &modes) < 0) return failed("terminal modes");
    std::string saved(reinterpret_cast<const char*>(&modes), sizeof modes);
    ::cfmakeraw(&modes);
    if (::tcsetattr(terminal.get(), TCSAFLUSH, &modes) < 0) return failed("set terminal modes");
    return RawTerminal(terminal.get(), std::move(saved));
}

RawTerminal::RawTerminal(RawTerminal&& other) noexcept : fd_(std::exchange(other.fd_, -1)), saved_(std::move(other.saved_)) {}

RawTerminal::~RawTerminal() {
    if (fd_ < 0) return;
    termios modes{};
    std::memcpy(&modes, saved_.data(), sizeof modes);
    (void)::tcsetattr(fd_, TCSADRAIN, &modes);  // the terminal may be gone: nothing to restore then
}

}  // namespace vs::sys
