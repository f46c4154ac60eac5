#pragma once
// What the options of `vserver NAME build` mean, as values.

#include <optional>

#include "cli/parse.hpp"
#include "model/settings.hpp"
#include "storage/build.hpp"

namespace vs::cli {

struct BuildPlan {
    model::ServerName name;
    model::Settings settings;               ///< without an image where it has to be made first
    std::optional<storage::Source> source;  ///< what to make it from
    std::string from;                       ///< as it was said, for people
};

/// Code::usage with the option to blame.
Result<BuildPlan> plan_build(const Invocation& line);

}  // namespace vs::cli
