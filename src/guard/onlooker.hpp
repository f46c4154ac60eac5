#pragma once
// A testimony looked into by vserver-onlooker: a child that owns nothing, may open nothing and has no capability.

#include "guard/testimony.hpp"

namespace vs::guard {

/// `testimony` is finished; it is read from its beginning.
Result<Findings> have_looked_into(sys::FdRef testimony, sys::FdRef report);

}  // namespace vs::guard
