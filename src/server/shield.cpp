#include "server/shield.hpp"

#include "context/shield.hpp"
#include "server/hiding.hpp"
#include "server/our_programs.hpp"

namespace vs::server {

using context::ShieldRole;

Result<> shield_on() {
    const auto vserver = TRY(vserver_program()), vkill = TRY(tool_program("vkill"));
    return context::raise_shield({{vserver, ShieldRole::door},
                                  {vkill, ShieldRole::door},
                                  {libexec_program("vserver-keeper"), ShieldRole::guarded},
                                  {libexec_program("vserver-netview"), ShieldRole::guarded},
                                  {libexec_program("vserver-recorder"), ShieldRole::guarded}});
}

Result<> shield_off() {
    TRY(context::lower_shield());
    TRY_WITH(show_servers(), "show the processes of servers again");
    return {};
}

Result<ShieldStatus> shield_status() {
    ShieldStatus status;
    status.up = TRY(context::shield_is_up());
    if (status.up) status.is_door = TRY(context::is_door(TRY(vserver_program())));
    status.hidden = TRY(servers_are_hidden());
    return status;
}

Result<> require_door() {
    auto status = TRY(shield_status());
    if (!status.up) return fail(Code::unsupported, "a private server needs the shield: 'vserver shield on'");
    if (!status.is_door) return fail(Code::unsupported, "this vserver was installed after the shield went up: 'vserver shield on' again");
    return {};
}

std::string why_no_shield() {
    auto tried = context::try_shield();
    return tried ? "" : tried.error().message();
}

}  // namespace vs::server
