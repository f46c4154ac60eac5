#include "context/rights.hpp"

#include <linux/capability.h>

#include "model/capability_set.hpp"
#include "sys/capability.hpp"

namespace vs::context {

Rights own_rights() {
    sys::CapabilityBits bits;
    const bool administers = sys::get_capabilities_raw(bits) == 0 && model::CapabilitySet::from_bits(bits.effective).has(CAP_SYS_ADMIN);
    return administers ? Rights::administrator : Rights::user;
}

}  // namespace vs::context
