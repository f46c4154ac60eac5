#pragma once
// The hashes of RFC 6962, section 2.1: a leaf and a node are never the same input, so no record can pass for a subtree.
// Freestanding as all of the writer's half of this room (no heap, no exception): the recorder contains it.

#include <array>
#include <cstdint>
#include <string_view>

namespace vs::log {

using Hash = std::array<std::uint8_t, 32>;

Hash leaf_hash(std::string_view bytes);
/// Of both as one.
Hash leaf_hash(std::string_view head, std::string_view rest);
Hash node_hash(const Hash& left, const Hash& right);
/// Of the empty tree.
Hash empty_hash();

inline std::string_view bytes_of(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

}  // namespace vs::log
