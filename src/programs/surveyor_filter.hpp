#pragma once
// The system calls that looking at files takes. Anything else is answered EPERM.

#include "context/filter.hpp"

namespace vs::programs {

const context::FilterProgram& surveyor_filter();

}  // namespace vs::programs
