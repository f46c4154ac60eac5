#include "programs/init/console.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>

namespace vs::init {

namespace {

constexpr std::size_t kLongestLine = 256;

/// For a console that we may not open once more: it is asked first.
bool takes_more(int fd) {
    pollfd asked{.fd = fd, .events = POLLOUT, .revents = 0};
    return ::poll(&asked, 1, 0) == 1 && (asked.revents & POLLOUT) != 0;
}

}  // namespace

Console::Console() : fd_(::open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) {
    if (fd_ < 0) fd_ = STDERR_FILENO;
}

void Console::line(const char* format, ...) {
    std::array<char, kLongestLine> text;
    int used = std::snprintf(text.data(), text.size(), "vserver-init: ");
    if (lines_lost_ > 0)
        used += std::snprintf(text.data() + used, text.size() - static_cast<std::size_t>(used), "(%llu lines lost) ",
                              static_cast<unsigned long long>(lines_lost_));
    auto room = text.size() - static_cast<std::size_t>(used);
    va_list arguments;
    va_start(arguments, format);
    int added = std::vsnprintf(text.data() + used, room, format, arguments);
    va_end(arguments);
    std::size_t length = static_cast<std::size_t>(used) + std::min(static_cast<std::size_t>(added), room - 1);
    text[std::min(length, text.size() - 1)] = '\n';
    bool written = takes_more(fd_) && ::write(fd_, text.data(), std::min(length + 1, text.size())) > 0;
    lines_lost_ = written ? 0 : lines_lost_ + 1;
}

}  // namespace vs::init
