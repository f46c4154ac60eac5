#pragma once
// The digest of what an open file holds: BLAKE2b-256 over its length and its blocks that are not all zeros. So a hole and a
// run of zeros are the same content and a file of eight exabytes with three bytes in it is read in no time.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sys/fd.hpp"

namespace vs::guard {

/// What may still be read. Code::busy is what running out of it is called here.
struct ReadBudget {
    std::uint64_t bytes = UINT64_MAX;
    Result<> take(std::uint64_t count);
};

class ContentReader {
  public:
    ContentReader();
    ~ContentReader();
    ContentReader(const ContentReader&) = delete;
    ContentReader& operator=(const ContentReader&) = delete;

    /// Of the first `length` bytes. 64 hexadecimal digits.
    Result<std::string> digest(sys::FdRef file, std::uint64_t length, ReadBudget& budget);
    /// True where every block read past the page cache is what the page cache has. Also where the file system cannot say.
    Result<bool> storage_agrees(sys::FdRef cached, sys::FdRef direct, ReadBudget& budget);

  private:
    struct Blocks;
    std::unique_ptr<Blocks> blocks_;
};

/// Of pairs, in the order given; empty for none.
std::string digest_of_pairs(const std::vector<std::pair<std::string, std::string>>& pairs);
std::string digest_of_text(std::string_view text);

}  // namespace vs::guard
