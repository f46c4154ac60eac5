#include "context/lower.hpp"

#include <linux/capability.h>

#include "context/ceiling.hpp"
#include "context/trap_filter.hpp"
#include "sys/call.hpp"
#include "sys/capability.hpp"
#include "sys/process.hpp"
#include "sys/raw.hpp"
#include "sys/seccomp.hpp"

namespace vs::context {

namespace {

Result<> done(int outcome, const char* what) {
    if (outcome < 0) return std::unexpected<Error>(sys::error_from(-outcome, what));
    return {};
}

Result<model::CapabilitySet> effective() {
    sys::CapabilityBits bits;
    TRY(done(sys::get_capabilities_raw(bits), "read the capabilities"));
    return model::CapabilitySet::from_bits(bits.effective);
}

bool bounding_has_more_than(model::CapabilitySet keep) {
    const int last = sys::last_capability_raw();
    for (int capability = 0; capability <= last; ++capability)
        if (!keep.has(capability) && sys::bounding_has_raw(capability) > 0) return true;
    return false;
}

/// A setuid program that cannot give up root because its caller took CAP_SETUID from it goes on as root without knowing
/// (sendmail, 2000). Only root may do that to setuid programs; for others they then give nothing at all.
bool endangers_setuid_programs(model::CapabilitySet keep) {
    return !sys::is_real_superuser() && !(keep.has(CAP_SETUID) && keep.has(CAP_SETGID) && keep.has(CAP_SETPCAP));
}

Result<> without_bounding_set(model::CapabilitySet keep) {
    sys::CapabilityBits bits;
    TRY(done(sys::clear_ambient_raw(), "clear the ambient capabilities"));
    TRY(done(sys::get_capabilities_raw(bits), "read the capabilities"));
    TRY(done(sys::set_capabilities_raw({bits.effective & keep.bits(), bits.permitted & keep.bits(), 0}), "cut the capability sets"));
    return done(sys::set_no_new_privileges_raw(), "set no_new_privs");
}

/// A filter is loaded by whoever has CAP_SYS_ADMIN, and by whoever gives up all hope of new privileges.
Result<> load_lock(bool may_administer) {
    if (!may_administer) TRY(done(sys::set_no_new_privileges_raw(), "set no_new_privs"));
    const auto filter = trap_filter(Trap::locked);
    return done(sys::load_filter_raw(filter.data(), filter.size()), "load the filter of the flag 'lock'");
}

}  // namespace

model::CapabilitySet all_capabilities() { return model::CapabilitySet::all(sys::last_capability_raw()); }

Result<HeldBy> lower(const Lowering& lowering) {
    auto keep = lowering.keep;
    const auto have = TRY(effective());
    if (lowering.fix_limits) {
        keep.remove(CAP_SYS_RESOURCE);
        TRY(done(sys::raw::fix_limits(), "make the soft limits hard"));
    }
    if (lowering.lock) TRY(load_lock(have.has(CAP_SYS_ADMIN)));
    const bool drops = bounding_has_more_than(keep);
    if (drops && !have.has(CAP_SETPCAP)) {
        TRY(without_bounding_set(keep));
        return HeldBy::no_new_privileges;
    }
    const bool nothing_new = lowering.no_new_privileges || (drops && endangers_setuid_programs(keep));
    TRY(apply_ceiling({.capabilities = keep,
                       .new_privileges = nothing_new ? NewPrivileges::none : NewPrivileges::allowed}));
    return nothing_new && !lowering.no_new_privileges ? HeldBy::no_new_privileges : HeldBy::bounding_set;
}

}  // namespace vs::context
