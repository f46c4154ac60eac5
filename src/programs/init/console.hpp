#pragma once
// What PID 1 has to say, a line per event, on the server's console. It never waits: a console that nobody empties must
// not stop the server, so a line that does not fit is counted and the count is told with the next one that does.

#include <cstdint>

namespace vs::init {

class Console {
  public:
    /// Opens our standard error once more, because O_NONBLOCK on a shared open file would reach every service.
    Console();
    Console(const Console&) = delete;
    Console& operator=(const Console&) = delete;

    [[gnu::format(printf, 2, 3)]] void line(const char* format, ...);

  private:
    int fd_;
    std::uint64_t lines_lost_ = 0;
};

}  // namespace vs::init
