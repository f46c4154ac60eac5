#include "server/host_service.hpp"

#include <algorithm>
#include <array>

#include "context/address_lock.hpp"
#include "server/drop_in.hpp"
#include "server/our_programs.hpp"
#include "sys/file.hpp"

namespace vs::server {

namespace {

constexpr std::string_view kService = ".service";
const std::string kDropIn = "vserver-addresses.conf";

/// As systemd.unit(5) has names; a dash before it would be an option of systemctl's.
bool is_unit_name(std::string_view text) {
    constexpr std::string_view kOthers = ":-_.\\@";
    auto good = [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || kOthers.find(c) != kOthers.npos;
    };
    return !text.empty() && text.size() < 256 && text[0] != '-' && text[0] != '.' && std::ranges::all_of(text, good);
}

Result<bool> is_known(const std::string& unit) {
    auto at = unit.find('@');
    auto pattern = at == std::string::npos ? unit : unit.substr(0, at + 1) + unit.substr(unit.rfind('.'));
    for (const auto* place : kUnitPlaces)
        for (const auto& name : {unit, pattern})
            if (TRY(sys::exists(sys::kHere, fmt::format("{}/{}", place, name)))) return true;
    return false;
}

}  // namespace

Result<std::string> host_unit(const std::string& name) {
    constexpr std::array<std::string_view, 10> kOtherKinds = {".socket", ".target", ".timer", ".mount", ".path",
                                                              ".slice",  ".scope",  ".swap",  ".device", ".automount"};
    if (!is_unit_name(name)) return fail(Code::usage, "'{}' cannot be the name of a unit", name.substr(0, 64));
    for (auto kind : kOtherKinds)
        if (name.ends_with(kind)) return fail(Code::usage, "'{}' is no service: only a service can be locked to addresses", name);
    auto unit = name.ends_with(kService) ? name : name + std::string(kService);
    if (unit == "vservers.service" || unit.starts_with("vserver-") || unit.starts_with("vserver@"))
        return fail(Code::denied, "'{}' is a unit of ours: what it does concerns every address", unit);
    return unit;
}

std::string host_service_text(const std::string& unit, const std::vector<std::string>& addresses, const std::string& program) {
    return fmt::format("# Made by 'vserver host-service {0}'; 'vserver host-service {0} --undo' takes it away.\n"
                       "[Unit]\nWants=network-online.target\nAfter=network-online.target\n\n"
                       "[Service]\nExecStartPre=+{1} --group {2}\n",
                       unit, program, fmt::join(addresses, " "));
}

Result<HostService> plan_host_service(const std::string& name, const std::vector<std::string>& addresses) {
    auto unit = TRY(host_unit(name));
    if (!TRY(is_known(unit))) return fail(Code::usage, "this host has no unit '{}'; 'systemctl list-unit-files' shows those it has", unit);
    TRY(context::plan_lock({addresses, ""}));
    auto socket = unit.substr(0, unit.size() - kService.size()) + ".socket";
    const bool has_socket = TRY(is_known(socket));
    return HostService{unit, drop_in_path(unit, kDropIn), host_service_text(unit, addresses, libexec_program("vserver-lock")), has_socket};
}

Result<> lock_host_service(const HostService& service) {
    TRY(write_drop_in(service.unit, kDropIn, service.text));
    return reload_units();
}

Result<std::string> unlock_host_service(const std::string& name) {
    auto unit = TRY(host_unit(name));
    auto file = drop_in_path(unit, kDropIn);
    if (!TRY(sys::exists(sys::kHere, file))) return fail(Code::usage, "'{}' is not locked to addresses: there is no '{}'", unit, file);
    TRY(remove_drop_in(unit, kDropIn));
    TRY(reload_units());
    return file;
}

}  // namespace vs::server
