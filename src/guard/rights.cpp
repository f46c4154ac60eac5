#include "guard/rights.hpp"

#include "context/ceiling.hpp"

namespace vs::guard {

Result<> keep_rights_for(Looking what) {
    model::CapabilitySet rights;
    auto keep = [&](const char* name) { rights.add(model::CapabilitySet::number_of(name).value()); };
    for (const char* name : {"sys_admin", "dac_read_search", "dac_override", "chown", "fowner", "kill", "setuid", "setgid", "setpcap", "sys_chroot"}) keep(name);
    if (what != Looking::scan) keep("sys_ptrace");
    if (what == Looking::crossview) keep("sys_resource"), keep("sys_nice");  // what enters takes the server's limits
    const auto privileges = what == Looking::watch ? context::NewPrivileges::allowed : context::NewPrivileges::none;
    return context::apply_ceiling({.capabilities = rights, .new_privileges = privileges, .securebits = std::nullopt});
}

}  // namespace vs::guard
