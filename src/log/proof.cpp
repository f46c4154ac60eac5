#include "log/proof.hpp"

#include <algorithm>
#include <bit>

namespace vs::log {

namespace {

/// The largest power of two below `count`, which is at least 2.
std::uint64_t left_part(std::uint64_t count) { return std::bit_floor(count - 1); }

}  // namespace

Tree::Tree(const Frontier& before) : size_(before.size()) {
    std::uint64_t from = 0;
    for (const auto& peak : before.peaks()) {
        auto level = static_cast<unsigned>(std::bit_width(size_ - from) - 1);
        put(level, from >> level, peak);
        from += std::uint64_t{1} << level;
    }
}

void Tree::append(const Hash& leaf) {
    Hash node = leaf;
    std::uint64_t index = size_++;
    unsigned level = 0;
    put(level, index, node);
    while ((index & 1) != 0) {
        node = node_hash(nodes_.at(std::uint64_t{level} << 56 | (index - 1)), node);
        index >>= 1;
        put(++level, index, node);
    }
}

std::optional<Hash> Tree::hash(Range range) const {
    std::uint64_t count = range.until - range.from;
    if (std::has_single_bit(count)) {
        auto level = static_cast<unsigned>(std::bit_width(count) - 1);
        auto found = nodes_.find(std::uint64_t{level} << 56 | range.from >> level);
        if (found != nodes_.end()) return found->second;
        return std::nullopt;
    }
    std::uint64_t middle = range.from + left_part(count);
    auto left = hash({range.from, middle}), right = hash({middle, range.until});
    if (!left || !right) return std::nullopt;
    return node_hash(*left, *right);
}

bool Tree::add(Path& path, Range range) const {
    auto value = hash(range);
    if (value) path.push_back(*value);
    return value.has_value();
}

std::optional<Hash> Tree::root(std::uint64_t size) const {
    if (size > size_) return std::nullopt;
    return size == 0 ? empty_hash() : hash({0, size});
}

std::optional<Path> Tree::inclusion(std::uint64_t leaf, std::uint64_t size) const {
    if (leaf >= size || size > size_) return std::nullopt;
    Path path;
    Range range{0, size};
    while (range.until - range.from > 1) {
        std::uint64_t middle = range.from + left_part(range.until - range.from);
        Range left{range.from, middle}, right{middle, range.until};
        bool in_left = leaf < middle;
        if (!add(path, in_left ? right : left)) return std::nullopt;
        range = in_left ? left : right;
    }
    std::reverse(path.begin(), path.end());
    return path;
}

std::optional<Path> Tree::consistency(std::uint64_t old_size, std::uint64_t new_size) const {
    if (old_size > new_size || new_size > size_) return std::nullopt;
    Path path;
    if (old_size == 0 || old_size == new_size) return path;
    Range range{0, new_size};
    bool whole = true;  // the old tree is still a subtree whose hash the verifier knows
    while (old_size != range.until) {
        std::uint64_t middle = range.from + left_part(range.until - range.from);
        bool in_left = old_size <= middle;
        if (!add(path, in_left ? Range{middle, range.until} : Range{range.from, middle})) return std::nullopt;
        whole = whole && in_left;
        range = in_left ? Range{range.from, middle} : Range{middle, range.until};
    }
    if (!whole && !add(path, range)) return std::nullopt;
    std::reverse(path.begin(), path.end());
    return path;
}

// RFC 9162, 2.1.3.2 and 2.1.4.2.
bool proves_inclusion(const Path& path, const Leaf& leaf, const Root& root) {
    if (leaf.index >= root.size) return false;
    std::uint64_t place = leaf.index, last = root.size - 1;
    Hash hash = leaf.hash;
    for (const auto& other : path) {
        if (last == 0) return false;
        if ((place & 1) != 0 || place == last) {
            hash = node_hash(other, hash);
            while ((place & 1) == 0 && place != 0) place >>= 1, last >>= 1;
        } else {
            hash = node_hash(hash, other);
        }
        place >>= 1;
        last >>= 1;
    }
    return last == 0 && hash == root.hash;
}

bool proves_consistency(const Path& path, const Root& older, const Root& newer) {
    if (older.size > newer.size) return false;
    if (older.size == newer.size) return path.empty() && older.hash == newer.hash;
    if (older.size == 0) return path.empty();
    std::uint64_t place = older.size - 1, last = newer.size - 1;
    while ((place & 1) != 0) place >>= 1, last >>= 1;
    auto next = path.begin();
    if (place != 0 && next == path.end()) return false;
    Hash old_hash = place == 0 ? older.hash : *next++;
    Hash new_hash = old_hash;
    for (; next != path.end(); ++next, place >>= 1, last >>= 1) {
        if (last == 0) return false;
        if ((place & 1) != 0 || place == last) {
            old_hash = node_hash(*next, old_hash);
            new_hash = node_hash(*next, new_hash);
            while ((place & 1) == 0 && place != 0) place >>= 1, last >>= 1;
        } else {
            new_hash = node_hash(new_hash, *next);
        }
    }
    return last == 0 && old_hash == older.hash && new_hash == newer.hash;
}

}  // namespace vs::log
