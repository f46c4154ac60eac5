#pragma once
// What an administrator may let ordinary users do with a tool that stands alone: a file capability on its program, and nothing
// in the package is setuid. It goes with the file: an upgrade takes it away.

#include <string>

#include "base/result.hpp"

namespace vs::server {

/// reducecap(8) gets cap_setpcap: a user lowers the bounding set of his own command, and setuid programs go on working below
/// it. Code::usage for any other tool.
Result<> grant(const std::string& tool);
/// Nothing to do where nothing was granted.
Result<> revoke(const std::string& tool);

}  // namespace vs::server
