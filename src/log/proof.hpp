#pragma once
// Proofs of RFC 6962: that a record is in a tree, and that one tree is the beginning of another.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "log/frontier.hpp"

namespace vs::log {

using Path = std::vector<Hash>;

/// A tree that can tell paths. Of the records that are no longer kept it knows the complete subtrees, which is all that a path
/// of a later record can need of them.
class Tree {
  public:
    explicit Tree(const Frontier& before);

    void append(const Hash& leaf);
    [[nodiscard]] std::uint64_t size() const { return size_; }
    /// The root when the tree had `size` leaves; nothing for a size of before.
    [[nodiscard]] std::optional<Hash> root(std::uint64_t size) const;
    /// Nothing where the leaf is not in a tree of that size, or is not kept.
    [[nodiscard]] std::optional<Path> inclusion(std::uint64_t leaf, std::uint64_t size) const;
    [[nodiscard]] std::optional<Path> consistency(std::uint64_t old_size, std::uint64_t new_size) const;

  private:
    struct Range {
        std::uint64_t from, until;
    };
    [[nodiscard]] std::optional<Hash> hash(Range range) const;
    bool add(Path& path, Range range) const;
    void put(unsigned level, std::uint64_t index, const Hash& value) { nodes_[std::uint64_t{level} << 56 | index] = value; }

    std::uint64_t size_ = 0;
    std::unordered_map<std::uint64_t, Hash> nodes_;  ///< of complete subtrees, by level and place
};

struct Leaf {
    std::uint64_t index = 0;
    Hash hash{};
};
struct Root {
    std::uint64_t size = 0;
    Hash hash{};
};
bool proves_inclusion(const Path& path, const Leaf& leaf, const Root& root);
/// That `newer` begins with all of `older`.
bool proves_consistency(const Path& path, const Root& older, const Root& newer);

}  // namespace vs::log
