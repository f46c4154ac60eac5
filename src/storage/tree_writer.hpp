#pragma once
// Creates files below a directory as a stranger asks for them.
//
// Security: parents are opened beneath the root without following any link (sys::open_beneath); a file is always a new one,
// never an existing name opened for writing; a directory is never replaced by something else.

#include <cstdint>
#include <ctime>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sys/fd.hpp"

namespace vs::storage {

struct NodeAttributes {
    unsigned mode = 0;
    std::uint32_t uid = 0, gid = 0;
    timespec modification{};
    std::vector<std::pair<std::string, std::string>> xattrs;
};

class NewFile {
  public:
    explicit NewFile(sys::Fd fd) : fd_(std::move(fd)) {}
    Result<> set_length(std::uint64_t length);
    Result<> write(std::string_view data, std::uint64_t offset);
    /// Owner, xattrs and mode last, in the order in which none clears another.
    Result<> finish(const NodeAttributes& attributes);

  private:
    sys::Fd fd_;
};

/// All paths are of entry_path(): relative, clean, without "..". The empty path is the root.
class TreeWriter {
  public:
    explicit TreeWriter(sys::FdRef root) : root_(root) {}

    /// An existing directory is taken over. Attributes are set by finish(), so that nothing that follows disturbs them; of several for one
    /// directory the last count.
    Result<> directory(const std::string& path, NodeAttributes attributes);
    Result<> symlink(const std::string& path, const std::string& target, const NodeAttributes& attributes);
    Result<> fifo(const std::string& path, const NodeAttributes& attributes);
    Result<NewFile> create(const std::string& path);
    /// Size of a plain file; anything else at `path` is an error.
    Result<std::int64_t> regular_size(const std::string& path);
    /// A file of its own with everything that `from`, a plain file, has.
    Result<> copy(const std::string& path, const std::string& from);
    Result<> finish();

  private:
    struct Place {
        sys::FdRef parent;
        std::string name;
    };
    Result<Place> find(const std::string& path);
    Result<Place> find_free(const std::string& path);
    Result<> dress_node(const Place& place, const NodeAttributes& attributes);

    sys::FdRef root_;
    std::string parent_path_ = "/";  ///< no clean path: nothing is open yet
    sys::Fd parent_;                 ///< of the last entry: neighbours come together
    std::vector<std::pair<std::string, NodeAttributes>> directories_;
    std::unordered_map<std::string, std::size_t> known_;  ///< where each is among these
    std::size_t directory_bytes_ = 0;
};

}  // namespace vs::storage
