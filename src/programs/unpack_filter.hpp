#pragma once
// The system calls that unpacking an archive takes. Anything else is answered EPERM.

#include "context/filter.hpp"

namespace vs::programs {

const context::FilterProgram& unpack_filter();

}  // namespace vs::programs
