#pragma once
// Locking the control group that we are in, and so every process that is born there from now on: for a service of the host, whose
// unit runs this before it starts (`vserver host-service`). Unlike chbind it closes no way around the lock: it is for a program that its
// administrator trusts.

#include "context/address_lock.hpp"

namespace vs::context {

/// May be done again, with other addresses. Code::denied in the root of the hierarchy or below our own groups.
Result<> lock_own_group(const LockRequest& request);

}  // namespace vs::context
