#pragma once
// Disk that a file has before it needs it: what a log can still take when somebody else has filled the disk. Where the file system cannot
// do that, or has no room now, there is none.

#include <cstdint>

namespace vs::recorder {

class Floor {
  public:
    /// `bytes` behind `end`, where what is written of the file ends. Asks the kernel only when half of it is used up.
    void keep(int fd, std::uint64_t end, std::uint64_t bytes);
    /// The file was begun or cut: nothing is known of it.
    void forget() { until_ = 0; }

  private:
    std::uint64_t until_ = 0;
};

}  // namespace vs::recorder
