// Part of a freestanding program: see recorder.cpp.

#include "programs/recorder/floor.hpp"

#include <fcntl.h>

namespace vs::recorder {

void Floor::keep(int fd, std::uint64_t end, std::uint64_t bytes) {
    if (bytes == 0 || end + bytes / 2 < until_) return;
    if (::fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(end), static_cast<off_t>(bytes)) == 0) until_ = end + bytes;
}

}  // namespace vs::recorder
