#pragma once
// The paths of a settings file: which are sound, and which would open the host or hide each other.

#include "model/settings_check.hpp"

namespace vs::model {

/// The first thing wrong with the volumes, the mounts and the hook, or nothing.
std::optional<Finding> check_paths(const Settings& settings);

}  // namespace vs::model
