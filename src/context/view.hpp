#pragma once
// What of the outside is still mounted in a new context, as a plan: which mounts show processes, message queues and control
// groups of the outside, and what comes in their place.
//
// Root could unmount a /proc that only lies over the old one and would see the outside again, so the old one is taken away.
// An ordinary user cannot take it away, but nobody inside can uncover it either: the mount namespace belongs to a user
// namespace in which nothing inside has a capability, and one made below gets every mount locked (mount_namespaces(7)).

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "context/area.hpp"
#include "sys/mount_table.hpp"

namespace vs::context {

/// Whether the caller may change the mounts that he inherits.
enum class Rights { administrator, user };

struct ViewStep {
    enum class Kind : std::uint8_t {
        remove,  ///< detach the topmost mount
        renew,   ///< detach it, and mount a new file system of the context's namespaces
        cover,   ///< mount the new one over it
        protect,  ///< make it read-only
    } kind = Kind::remove;
    std::string path;
    std::string type{};
    std::vector<std::pair<std::string, std::string>> options{};  ///< of the file system; an empty value is a flag
    std::uint64_t attributes = 0;                                ///< MOUNT_ATTR_*
    std::vector<std::string> carried{};                          ///< mounts below that are put back
    friend bool operator==(const ViewStep&, const ViewStep&) = default;
};

/// In the order in which they are to be done. Code::unsupported where something of the outside cannot be hidden.
Result<std::vector<ViewStep>> plan_view(const std::vector<sys::MountEntry>& mounts, Areas areas, Rights rights);

/// Nobody in the context writes to a control group: those that the plan mounts anew are read-only, and so is every other one in sight.
void protect_groups(const std::vector<sys::MountEntry>& mounts, std::vector<ViewStep>& plan);

}  // namespace vs::context
