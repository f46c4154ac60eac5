#pragma once
// What a watcher begins with.

#include "programs/tools/tool.hpp"

namespace vs::tools {

/// Every process is to be seen, also where the machine's /proc keeps some back (`vserver shield hide`); where that cannot be, it says so.
void see_everything(const Tool& tool);

}  // namespace vs::tools
