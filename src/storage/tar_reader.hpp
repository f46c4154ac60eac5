#pragma once
// A tar archive, plain or compressed with gzip, xz or zstd, as a sequence of values. libarchive reads; nothing else of it is
// used. No other format and no other filter is enabled: each is code that a hostile archive could reach.

#include <cstdint>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sys/fd.hpp"

struct archive;
struct archive_entry;

namespace vs::storage {

struct TarEntry {
    enum class Kind { regular, directory, symlink, hard_link, fifo, socket, device, unknown } kind = Kind::unknown;
    std::string name;
    std::string target;  ///< of links
    std::int64_t size = 0;
    unsigned mode = 0;  ///< 07777
    std::int64_t uid = 0, gid = 0;
    timespec modification{};
    std::vector<std::pair<std::string, std::string>> xattrs;
    std::uint64_t lists = 0;  ///< entries of access control lists
};

class TarReader {
  public:
    /// `fd` must stay open.
    static Result<TarReader> open(sys::FdRef fd);

    /// nullopt after the last entry.
    Result<std::optional<TarEntry>> next();
    struct Block {
        std::string_view data;  ///< until the next call
        std::int64_t offset = 0;
    };
    /// Data of the current entry; what lies between blocks is zeros. nullopt at its end.
    Result<std::optional<Block>> next_block();

  private:
    struct Closer {
        void operator()(::archive* handle) const;
    };
    explicit TarReader(std::unique_ptr<::archive, Closer> handle) : handle_(std::move(handle)) {}
    [[nodiscard]] std::unexpected<Error> failure() const;

    std::unique_ptr<::archive, Closer> handle_;
};

}  // namespace vs::storage
