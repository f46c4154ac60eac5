// Capabilities and the ceiling of the public header.

#include "context/lower.hpp"
#include "library/report.hpp"

using vs::library::report;
using vs::model::CapabilitySet;

namespace {

/// Names that live for ever, from the one table.
struct Names {
    std::string text[64];
    Names() {
        for (int number = 0; number < CapabilitySet::known(); ++number) text[number] = CapabilitySet::name_of(number);
    }
};

vs::Result<vs::context::Lowering> lowering_of(const vserver_ceiling* given) {
    auto ceiling = TRY(vs::library::take(given));
    constexpr std::uint32_t kKnown = VSERVER_CEILING_NO_NEW_PRIVS | VSERVER_CEILING_LOCK | VSERVER_CEILING_ULIMIT;
    if ((ceiling.flags & ~kKnown) != 0) return vs::fail(vs::Code::usage, "a flag of the ceiling that is none");
    return vs::context::Lowering{
        .keep = CapabilitySet::from_bits(ceiling.capabilities),
        .no_new_privileges = (ceiling.flags & VSERVER_CEILING_NO_NEW_PRIVS) != 0,
        .lock = (ceiling.flags & VSERVER_CEILING_LOCK) != 0,
        .fix_limits = (ceiling.flags & VSERVER_CEILING_ULIMIT) != 0,
    };
}

}  // namespace

int vserver_capability(const char* name) {
    if (name == nullptr) return report(vs::Error{vs::Code::usage, 0, "a capability without a name", {}});
    auto number = CapabilitySet::number_of(name);
    return number ? *number : report(number.error());
}

const char* vserver_capability_name(int number) {
    static const Names names;
    return number >= 0 && number < CapabilitySet::known() ? names.text[number].c_str() : nullptr;
}

uint64_t vserver_all_capabilities() { return vs::context::all_capabilities().bits(); }

uint64_t vserver_secure_capabilities() { return CapabilitySet::secure().bits(); }

int vserver_set_ceiling(const vserver_ceiling* ceiling) {
    auto lowering = lowering_of(ceiling);
    if (!lowering) return report(lowering.error());
    auto held = vs::context::lower(*lowering);
    if (!held) return report(held.error());
    return *held == vs::context::HeldBy::no_new_privileges ? VSERVER_HELD_BY_NO_NEW_PRIVS : 0;
}
