#pragma once
// The digest of what an open file holds: BLAKE2b-256 over its length and its blocks that are not all zeros. So a hole and a
// run of zeros are the same content and a file of eight exabytes with three bytes in it is read in no time.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sys/fd.hpp"

namespace vs::guard {

/// Of a program that is executed, to say who somebody was. What a server executes is of any size.
inline constexpr std::uint64_t kMostDigested = 64 << 20;

/// What may still be read. Code::busy is what running out of it is called here.
struct ReadBudget {
    std::uint64_t bytes = UINT64_MAX;
    Result<> take(std::uint64_t count);
};

/// A file as the page cache has it, and as the disk has it where that is to be the same.
struct Copies {
    sys::FdRef cached;
    std::optional<sys::FdRef> stored = {};  ///< reads past the page cache (sys::read_storage_directly)
};
struct Content {
    std::string digest;  ///< 64 hexadecimal digits
    bool agrees = true;  ///< every block of both copies is the same
};

class ContentReader {
  public:
    ContentReader();
    ~ContentReader();
    ContentReader(const ContentReader&) = delete;
    ContentReader& operator=(const ContentReader&) = delete;

    /// The first `length` bytes.
    Result<Content> read(const Copies& file, std::uint64_t length, ReadBudget& budget);

  private:
    struct Blocks;
    Result<bool> is_stored(const Copies& file, std::span<const unsigned char> block, std::uint64_t at, ReadBudget& budget);
    std::unique_ptr<Blocks> blocks_;
};

/// Of pairs, in the order given; empty for none.
std::string digest_of_pairs(const std::vector<std::pair<std::string, std::string>>& pairs);
std::string digest_of_text(std::string_view text);

}  // namespace vs::guard
