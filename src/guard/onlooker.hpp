#pragma once
// A testimony, or a file, looked into by vserver-onlooker: a child that owns nothing, may open nothing and has no capability.

#include "guard/testimony.hpp"

namespace vs::guard {

/// `testimony` is finished; it is read from its beginning.
Result<Findings> have_looked_into(sys::FdRef testimony, sys::FdRef report);
/// The digest of what is in an open file, which it reads. An error where that is more than kMostDigested.
Result<std::string> have_digested(sys::FdRef file);

}  // namespace vs::guard
