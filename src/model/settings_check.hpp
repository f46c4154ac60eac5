#pragma once
// What a settings file may not say although every value in it reads well: values out of range, and combinations that
// cannot work or would open a hole. On the values alone, so that a command which makes settings can ask too.

#include <optional>

#include "model/settings.hpp"

namespace vs::model {

struct Finding {
    std::string path;     ///< where in the file: "network.addresses[1]", "mount[0].to"
    std::string message;  ///< what is wrong and what would be right
};

/// The first finding, or nothing.
std::optional<Finding> check_settings(const Settings& settings);

}  // namespace vs::model
