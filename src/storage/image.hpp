#pragma once
// Images: read-only trees that servers stand on. An image is /var/lib/vservers/images/ID with `tree` and `image.json`; it
// appears by a rename and is never written again.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/store.hpp"

namespace vs::storage {

struct ImageRecord {
    std::string id;       ///< "debian-bookworm-3f2a91c04b7d": also its directory
    std::string kind;     ///< "host", "debian", "tar"
    std::string source;   ///< what was asked for, for people: "bookworm: nginx, redis"
    std::string key;      ///< equal for equal sources: what find_by_key() compares
    std::string created;  ///< RFC 3339, UTC
    std::string os_name;  ///< PRETTY_NAME of its os-release, control characters escaped; may be empty
    std::string suite;    ///< VERSION_CODENAME of it
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;  ///< apparent size of its regular files
    std::vector<std::string> notes;  ///< what was left out or changed on the way, for people
};

/// Directory that becomes "/" of servers: the lower layer.
std::string image_tree(const Store& store, const std::string& id);

Result<ImageRecord> read_image(const Store& store, const std::string& id);
struct Images {
    std::vector<ImageRecord> whole;  ///< by time of creation
    std::vector<Error> damaged;      ///< one for each directory whose record cannot be read: its sentence names it
};
Result<Images> list_images(const Store& store);
/// The newest image with this key.
Result<std::optional<ImageRecord>> find_by_key(const Store& store, const std::string& key);

/// Measures the tree that stands in `staging` as "tree", writes its record and renames it into place. Completes `record`:
/// id, created, os_name, suite, entries, bytes.
Result<ImageRecord> publish_image(const Store& store, Staging& staging, ImageRecord record);

/// Also one that is damaged. Code::busy where a server stands on it, by the servers' records or by `in_use`.
Result<> remove_image(const Store& store, const std::string& id, const std::vector<std::string>& in_use);

}  // namespace vs::storage
