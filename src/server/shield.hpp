#pragma once
// `vserver shield`: what is refused to the main environment about servers (context/shield.hpp), as an administrator asks for it.

#include <string>

#include "base/result.hpp"

namespace vs::server {

/// Our own program is the door, with vkill(8) beside it; keepers and recorders are guarded.
Result<> shield_on();
/// And shows servers again, where they were hidden (hiding.hpp).
Result<> shield_off();

struct ShieldStatus {
    bool up = false;
    bool is_door = false;  ///< this program; one that was installed after the shield went up is none
    bool hidden = false;   ///< the machine's /proc shows no process of a server
};
Result<ShieldStatus> shield_status();

/// For what only the door may do. Code::unsupported where no shield is up.
Result<> require_door();

/// In one sentence why this kernel can have no shield; empty where it can.
std::string why_no_shield();

}  // namespace vs::server
