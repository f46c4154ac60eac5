#pragma once
// The other side of model/service_table.hpp: the table that a start hands to vserver-init.

#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/settings.hpp"

namespace vs::model {

/// Code::usage where a service cannot be written: too many, too long, an empty command, a NUL inside a word.
Result<std::string> write_service_table(const std::vector<Service>& services, std::chrono::milliseconds stop_grace);

}  // namespace vs::model
