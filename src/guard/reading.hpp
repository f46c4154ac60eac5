#pragma once
// Everything read again, a slice at a time: the images against their manifests, and of images and servers' own files what is cached
// against what is stored. Where it has come to is kept on disk, so that it goes on where it was.

#include <set>
#include <string>
#include <vector>

#include "server/registry.hpp"
#include "storage/store.hpp"

namespace vs::guard {

/// What a slice has found.
struct Slice {
    std::string server;
    std::vector<std::string> found;  ///< sentences
    std::string trouble;             ///< what kept it from being read; empty: nothing did
};

/// One server after the other: its image, once for all that stand on it, and then its own layer and volumes.
class Rereading {
  public:
    explicit Rereading(const storage::Store& store) : store_(store) {}
    /// As many bytes, and the rest of a file at the end. Nothing where there is no server.
    Slice read_on(std::uint64_t bytes);

    struct Part;  ///< of reading.cpp

  private:
    Result<Part> read_part(const server::Server& server, std::uint64_t bytes);
    const storage::Store& store_;
    std::string server_;            ///< that is being read; empty: the first
    std::set<std::string> images_;  ///< that were read in this round
};

}  // namespace vs::guard
