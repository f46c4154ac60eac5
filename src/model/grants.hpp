#pragma once
// Which ordinary user may lock commands to which addresses: /etc/vservers/grants.toml (vserver-grants.toml(5)), read strictly.

#include <string>
#include <string_view>
#include <vector>

#include "model/address.hpp"

namespace vs::model {

struct Grant {
    std::string user;                   ///< a name, a uid, or "*" for everybody who has no grant of his own
    std::vector<IpAddress> addresses;   ///< at least one
    std::uint32_t locks = 8;            ///< how many there may be at once, those inside others too
    std::uint32_t processes = 512;      ///< in all of them together
    bool low_ports = false;             ///< may bind to ports below 1024 of these addresses
};

inline constexpr std::uint32_t kMostUserLocks = 256;
inline constexpr std::uint32_t kMostLockedProcesses = 4'194'304;  ///< as many as the kernel ever numbers

/// Code::usage with "FILE:LINE: " for anything that is not wholly understood; then nobody is granted anything.
Result<std::vector<Grant>> parse_grants(std::string_view text, const std::string& file);

/// The grant of a user by his uid; `passwd` is the text of /etc/passwd and says which names have it. A grant for the uid counts before
/// one for a name, and "*" last. nullptr: none.
const Grant* find_grant(const std::vector<Grant>& grants, std::uint32_t uid, std::string_view passwd);

}  // namespace vs::model
