#pragma once
// The words for what a child reports while its context is made.

#include "base/result.hpp"
#include "context/context_child.hpp"

namespace vs::context {

Error report_error(const Report& report, const ChildPlan& plan);
/// For a clone that failed: the usual reason, and who can change it.
Error clone_error(const Error& error, Rights rights);

}  // namespace vs::context
