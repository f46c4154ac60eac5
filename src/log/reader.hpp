#pragma once
// The records of a log in their order, and what has come since.

#include <functional>

#include "log/directory.hpp"
#include "log/record.hpp"

namespace vs::log {

class Reader {
  public:
    explicit Reader(const LogDirectory& directory) : directory_(directory) {}

    /// Every whole record that the last call has not seen. What is no record ends its segment; verify() says why.
    Result<> read(const std::function<void(const Record&)>& visit);

  private:
    Result<> read_segment(std::uint64_t segment, const std::function<void(const Record&)>& visit);

    const LogDirectory& directory_;
    std::uint64_t segment_ = 0;
    std::size_t offset_ = 0;  ///< in it
};

}  // namespace vs::log
