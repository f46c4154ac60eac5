#include "context/ceiling.hpp"

#include <cerrno>

#include "sys/call.hpp"
#include "sys/capability.hpp"

namespace vs::context {

namespace {

constexpr CeilingOutcome kDone{};

CeilingOutcome failure(CeilingStep step, int negative_errno, int capability = -1) noexcept {
    return {step, static_cast<std::int8_t>(capability), -negative_errno};
}

constexpr int kCapabilities = 64;  // what a set has room for; from the first that the kernel does not know (EINVAL) on it knows none

CeilingOutcome drop_bounding(model::CapabilitySet keep) noexcept {
    for (int capability = 0; capability < kCapabilities; ++capability) {
        if (keep.has(capability)) continue;
        int there = sys::bounding_has_raw(capability);
        if (there == -EINVAL && capability > 0) break;
        int result = there > 0 ? sys::drop_bounding_raw(capability) : there;
        if (result < 0) return failure(CeilingStep::drop_bounding, result, capability);
    }
    return kDone;
}

// Inheritable goes entirely: with the file sets of a program it could bring back what an exec took (CVE-2022-24769).
CeilingOutcome cut_sets(model::CapabilitySet keep) noexcept {
    sys::CapabilityBits bits;
    int result = sys::get_capabilities_raw(bits);
    if (result == 0) {
        bits = {bits.effective & keep.bits(), bits.permitted & keep.bits(), 0};
        result = sys::set_capabilities_raw(bits);
    }
    return result < 0 ? failure(CeilingStep::cut_sets, result) : kDone;
}

/// Nothing inheritable is nothing ambient either: the kernel keeps each ambient capability permitted and inheritable (capabilities(7)).
CeilingOutcome read_back_sets(model::CapabilitySet keep) noexcept {
    sys::CapabilityBits bits;
    if (int result = sys::get_capabilities_raw(bits); result < 0) return failure(CeilingStep::read_back, result);
    const auto over = model::CapabilitySet::from_bits(((bits.effective | bits.permitted) & ~keep.bits()) | bits.inheritable);
    bool known = true;
    for (int capability = 0; capability < kCapabilities; ++capability) {
        const int there = keep.has(capability) || !known ? 0 : sys::bounding_has_raw(capability);
        known = known && there != -EINVAL;
        if (over.has(capability) || (known && there != 0)) return failure(CeilingStep::read_back, -EPERM, capability);
    }
    return kDone;
}

CeilingOutcome read_back(const Ceiling& ceiling) noexcept {
    if (ceiling.new_privileges == NewPrivileges::none && sys::get_no_new_privileges_raw() != 1)
        return failure(CeilingStep::read_back, -EPERM);
    if (ceiling.securebits && sys::get_securebits_raw() != static_cast<int>(*ceiling.securebits))
        return failure(CeilingStep::read_back, -EPERM);
    return read_back_sets(ceiling.capabilities);
}

}  // namespace

std::string_view ceiling_step_text(CeilingStep step) {
    switch (step) {
        case CeilingStep::done: return "done";
        case CeilingStep::clear_ambient: return "clear the ambient capabilities";
        case CeilingStep::drop_bounding: return "drop from the capability bounding set";
        case CeilingStep::set_securebits: return "set the securebits";
        case CeilingStep::cut_sets: return "cut the capability sets";
        case CeilingStep::set_no_new_privileges: return "set no_new_privs";
        case CeilingStep::read_back: return "read the capability ceiling back";
    }
    return "apply the capability ceiling";
}

CeilingOutcome apply_ceiling_raw(const Ceiling& ceiling) noexcept {
    if (int result = sys::clear_ambient_raw(); result < 0) return failure(CeilingStep::clear_ambient, result);
    if (auto outcome = drop_bounding(ceiling.capabilities); !outcome.ok()) return outcome;
    // Before the sets are cut: both this and the drops need CAP_SETPCAP, which may be among what goes.
    if (ceiling.securebits)
        if (int result = sys::set_securebits_raw(*ceiling.securebits); result < 0)
            return failure(CeilingStep::set_securebits, result);
    if (auto outcome = cut_sets(ceiling.capabilities); !outcome.ok()) return outcome;
    if (ceiling.new_privileges == NewPrivileges::none)
        if (int result = sys::set_no_new_privileges_raw(); result < 0)
            return failure(CeilingStep::set_no_new_privileges, result);
    return read_back(ceiling);
}

Error ceiling_error(const CeilingOutcome& outcome) {
    std::string what(ceiling_step_text(outcome.step));
    if (outcome.capability >= 0) what += ": " + model::CapabilitySet::name_of(outcome.capability);
    return sys::error_from(outcome.errno_value, std::move(what));
}

Result<> apply_ceiling(const Ceiling& ceiling) {
    if (auto outcome = apply_ceiling_raw(ceiling); !outcome.ok()) return std::unexpected<Error>(ceiling_error(outcome));
    return {};
}

}  // namespace vs::context
