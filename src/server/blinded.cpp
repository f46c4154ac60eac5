#include "server/blinded.hpp"

#include <linux/capability.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "context/process_status.hpp"
#include "context/roster.hpp"
#include "server/drop_in.hpp"
#include "sys/file.hpp"
#include "sys/mount_table.hpp"
#include "sys/process.hpp"

namespace vs::server {

namespace {

constexpr std::string_view kService = ".service";
constexpr sys::Milliseconds kPatience(60'000);
constexpr const char* kProperties = "Id,MainPID,Slice,User,DynamicUser,CapabilityBoundingSet,RootDirectory,RootImage,"
                                    "MountAPIVFS,ProtectKernelTunables,ProtectControlGroups,ProtectProc,ProcSubset";

bool is_ours(std::string_view unit) { return unit == "vservers.service" || unit.starts_with("vserver-"); }

bool has_word(std::string_view text, std::string_view word) {
    auto words = base::split(text, ' ');
    return std::ranges::find(words, word) != words.end();
}

void note_property(ShownService& service, std::string_view key, std::string_view value) {
    const bool yes = value == "yes";
    if (key == "Id") service.name = value;
    if (key == "MainPID") service.main = static_cast<pid_t>(base::parse_number(value).value_or(0));
    if (key == "Slice") service.is_session = value.starts_with("user");
    if (key == "User" && !value.empty() && value != "root" && value != "0") service.is_blinded = true;
    if (key == "DynamicUser" && yes) service.is_blinded = true;
    if (key == "CapabilityBoundingSet" && !has_word(value, "cap_sys_ptrace")) service.is_blinded = true;
    // What systemd mounts a procfs for (systemd.exec(5)). MountAPIVFS does nothing by itself: nobody has it but for a root of his own, and us.
    if (yes && (key == "MountAPIVFS" || key == "ProtectKernelTunables" || key == "ProtectControlGroups")) service.has_own_proc = true;
    if ((key == "ProtectProc" && value != "default") || (key == "ProcSubset" && value != "all")) service.has_own_proc = true;
    if ((key == "RootDirectory" || key == "RootImage") && !value.empty()) service.has_own_proc = true;
}

/// A template has no properties: an instance that nobody has is asked for in its place.
std::string as_instance(const std::string& unit) {
    auto at = unit.find('@');
    return at != std::string::npos && unit.substr(at) == "@.service" ? unit.substr(0, at) + "@vserver.service" : unit;
}

/// Whether a unit file, or any of the drop-ins in a directory, says something about users or capabilities.
bool may_blind(const std::string& path) {
    if (auto text = sys::read_file(sys::kHere, path))
        return std::ranges::any_of(std::array{"User=", "CapabilityBoundingSet="}, [&](const char* key) { return text->find(key) != text->npos; });
    auto directory = sys::open_dir(sys::kHere, path);
    if (!directory) return false;
    auto names = sys::list_dir(*directory).value_or(std::vector<std::string>());
    return std::ranges::any_of(names, [&](const auto& name) { return may_blind(fmt::format("{}/{}", path, name)); });
}

/// Those that systemd is to be asked about: to show every unit that there is keeps it busy for long.
std::set<std::string> services_to_ask_for(const std::vector<BlindProcess>& blind) {
    std::set<std::string> names;
    for (const auto& process : blind)
        if (!process.service.empty()) names.insert(process.service);
    for (const auto* place : kUnitPlaces) {
        auto directory = sys::open_dir(sys::kHere, place);
        if (!directory) continue;
        for (const auto& entry : sys::list_dir(*directory).value_or(std::vector<std::string>())) {
            auto name = entry.ends_with(".d") ? entry.substr(0, entry.size() - 2) : entry;
            if (name.ends_with(kService) && !is_ours(name) && may_blind(fmt::format("{}/{}", place, entry))) names.insert(as_instance(name));
        }
    }
    return names;
}

Result<std::vector<ShownService>> shown_services(const std::vector<BlindProcess>& blind) {
    auto names = services_to_ask_for(blind);
    if (!TRY(has_systemd()) || names.empty()) return std::vector<ShownService>();
    std::vector<std::string> command = {"systemctl", "show", "--property", kProperties, "--"};
    command.insert(command.end(), names.begin(), names.end());
    return parse_shown_services(TRY(sys::run_checked(command, {.limit = kPatience, .output_limit = 16 << 20})));
}

/// The file system at /proc as the process sees it; empty where it has none, or is gone.
std::string proc_device_of(pid_t pid) {
    auto text = sys::read_file(sys::kHere, fmt::format("/proc/{}/mountinfo", pid), std::size_t{16} << 20);
    std::string device;
    for (const auto& mount : sys::parse_mount_table(text.value_or("")))
        if (mount.point == "/proc") device = mount.device;
    return device;
}

std::optional<BlindProcess> look_at(pid_t pid, const std::string& proc) {
    auto status = context::read_status(pid);
    if (!status || status->effective.has(CAP_SYS_PTRACE) || proc_device_of(pid) != proc) return std::nullopt;
    auto service = service_of_cgroup(sys::read_file(sys::kHere, fmt::format("/proc/{}/cgroup", pid)).value_or(""));
    if (!service || is_ours(*service)) return std::nullopt;
    return BlindProcess{pid, status->name, *service};
}

/// "0::/system.slice/a.service", "1:name=systemd:/": behind the second colon, for names of units have some too ("dbus-:1.2-org.x@0.service").
std::string_view group_of_line(std::string_view line) {
    const auto second = line.find(':', line.find(':') + 1);
    return second == std::string_view::npos ? std::string_view() : line.substr(second + 1);
}

/// Some daemons give up root by themselves: what their unit says does not tell.
bool is_first_of(const ShownService& service, const std::vector<BlindProcess>& blind) {
    return service.main != 0 && std::ranges::find(blind, service.main, &BlindProcess::pid) != blind.end();
}

}  // namespace

std::vector<ShownService> parse_shown_services(std::string_view text) {
    std::vector<ShownService> services;
    ShownService service;
    auto finish = [&] {
        if (!service.name.empty()) services.push_back(service);
        service = {};
    };
    for (auto line : base::split(text, '\n')) {
        if (line.empty()) finish();
        else if (auto equals = line.find('='); equals != std::string_view::npos) note_property(service, line.substr(0, equals), line.substr(equals + 1));
    }
    finish();
    return services;
}

std::optional<std::string> service_of_cgroup(std::string_view text) {
    for (auto line : base::split(text, '\n')) {
        auto path = group_of_line(line);
        if (path.starts_with("/user.slice/")) return std::nullopt;
        for (auto part : base::split(path, '/'))
            if (part.ends_with(kService)) return std::string(part);
    }
    return "";
}

Result<std::vector<BlindProcess>> blind_processes() {
    std::vector<BlindProcess> found;
    auto proc = TRY(sys::mounted_at("/proc"));
    if (!proc) return fail(Code::failed, "/proc is not mounted");
    for (auto pid : TRY(context::all_processes()))
        if (auto blind = look_at(pid, proc->device)) found.push_back(std::move(*blind));
    return found;
}

std::string template_of(const std::string& service) {
    auto at = service.find('@');
    return at == std::string::npos ? service : service.substr(0, at + 1) + std::string(kService);
}

Result<Blinded> find_blinded() {
    auto blind = TRY(blind_processes());
    std::set<std::string> services, helped, running;
    for (const auto& service : TRY(shown_services(blind))) {
        if (service.is_session) continue;
        const bool needs = !service.has_own_proc && (service.is_blinded || is_first_of(service, blind));
        if (needs) services.insert(template_of(service.name));
        if (needs || service.has_own_proc) helped.insert(template_of(service.name));
    }
    std::vector<BlindProcess> others;
    for (auto& process : blind) {
        if (helped.contains(template_of(process.service))) running.insert(process.service);
        else others.push_back(std::move(process));
    }
    return Blinded{{services.begin(), services.end()}, {running.begin(), running.end()}, std::move(others)};
}

}  // namespace vs::server
