#pragma once
// For the programs that show every process: where the machine's /proc keeps servers' back (`vserver shield hide`), a /proc of our own.

#include "base/result.hpp"

namespace vs::sys {

/// From now on /proc shows this process, and what it starts, everything that there is to be seen; nobody else's changes. Nothing is
/// done where it does so already. Code::denied for ordinary users, to whom the machine's /proc is all there is.
Result<> see_whole_proc();

}  // namespace vs::sys
