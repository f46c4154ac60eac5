#pragma once
// Lowering the ceiling of the calling process by as much right as it has: reducecap(8), and the end of every new context.
//
// The bounding set is the wall, and needs CAP_SETPCAP. Who does not have it gets no_new_privs instead, which is more: setuid
// programs then give nothing at all.

#include "base/result.hpp"
#include "model/capability_set.hpp"

namespace vs::context {

struct Lowering {
    model::CapabilitySet keep;
    bool no_new_privileges = false;
    bool lock = false;        ///< no further context (trap_filter.hpp)
    bool fix_limits = false;  ///< soft limits become hard ones, and nothing may raise them: CAP_SYS_RESOURCE goes
};

enum class HeldBy { bounding_set, no_new_privileges };

/// What the running kernel has, as one set.
model::CapabilitySet all_capabilities();

/// After a failure the process may hold any state between and must not go on as if nothing had been asked.
Result<HeldBy> lower(const Lowering& lowering);

}  // namespace vs::context
