#pragma once
// The system calls that looking into a testimony takes, and those that reading file events takes. Anything else is answered EPERM.

#include "context/filter.hpp"

namespace vs::programs {

const context::FilterProgram& testimony_filter();
const context::FilterProgram& events_filter();

}  // namespace vs::programs
