#pragma once
// Running a command under the lock of address_lock_user.hpp.

#include "context/locked_command.hpp"

namespace vs::context {

/// Runs it and waits for it. What it leaves running is supervised on, by a process in the background that ends with the last of them.
/// Code::usage for a loopback of its own, Code::busy where something else supervises its calls already.
Result<LockedEnd> run_honest(const LockedCommand& command);

}  // namespace vs::context
