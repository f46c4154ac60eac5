#include "context/roster.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "context/process_status.hpp"
#include "model/name.hpp"
#include "model/paths.hpp"
#include "sys/file.hpp"
#include "sys/raw_mount.hpp"

namespace vs::context {

namespace {

/// The number of a server from its state (server/run_state.hpp), 0 where it says none.
std::uint64_t server_number(const std::string& name) {
    auto state = sys::read_file(sys::kHere, fmt::format("{}/{}/state", model::paths::kRun, name));
    if (!state) return 0;
    for (auto line : base::split(*state, '\n'))
        if (line.starts_with("number ")) {
            auto value = base::parse_number(line.substr(7));
            return value ? model::ServerNumber{static_cast<std::uint32_t>(*value)}.context() : 0;
        }
    return 0;
}

}  // namespace

std::string_view server_of_cgroup(std::string_view line) {
    constexpr std::string_view kGuest = "guest";
    // With systemd the group of all is a unit's. Security: the first of the two counts, for below its own group a server's root calls
    // groups as he likes: what is in "web1/guest/vservers.service/web2/guest" is web1's.
    const auto unit = line.find("/vservers.service/"), plain = line.find("/vservers/");
    const auto ours = std::min(unit, plain);
    std::vector<std::string_view> parts;
    if (ours != std::string_view::npos) parts = base::split(line.substr(line.find('/', ours + 1) + 1), '/');
    const bool version1 = !line.starts_with("0::");  // there the server's group is the last one
    return !parts.empty() && !parts[0].starts_with('.') && (version1 || (parts.size() > 1 && parts[1] == kGuest)) ? parts[0] : std::string_view();
}

bool in_main_environment() {
    constexpr std::uint64_t kInitialPidNamespace = 0xEFFFFFFC;  // PROC_PID_INIT_INO: never changes
    if (sys::raw::pid_namespace() == kInitialPidNamespace) return true;
    auto first = read_status(1);
    return first && !first->filtered;
}

Roster Roster::read() {
    Roster roster;
    roster.home_ = sys::raw::pid_namespace();
    roster.home_is_main_ = in_main_environment();
    for (const auto& record : living_records()) {
        const Membership member{Kind::registered, record.number, record.name, record.flags, record.areas};
        roster.by_namespace_.emplace(record.processes, member);
        roster.known_.push_back(member);
    }
    if (auto run = sys::open_dir(sys::kHere, model::paths::kRun))
        for (const auto& name : sys::list_dir(*run).value_or(std::vector<std::string>()))
            if (auto number = model::ServerName::parse(name) ? server_number(name) : 0; number != 0) {
                const Membership member{Kind::server, number, name, 0, 0};
                roster.servers_.emplace(name, member);
                roster.known_.push_back(member);
            }
    std::ranges::sort(roster.known_, {}, &Membership::number);
    return roster;
}

const Membership* Roster::server(pid_t pid) const {
    auto text = sys::read_file(sys::kHere, fmt::format("/proc/{}/cgroup", pid));
    if (!text) return nullptr;
    for (auto line : base::split(*text, '\n'))
        if (auto found = servers_.find(server_of_cgroup(line)); found != servers_.end()) return &found->second;
    return nullptr;
}

Membership Roster::of(pid_t pid) const {
    const auto processes = sys::raw::pid_namespace_of(pid);
    if (auto found = by_namespace_.find(processes); found != by_namespace_.end()) return found->second;
    if (processes == home_) return home_is_main_ ? Membership{.kind = Kind::main} : Membership{.kind = Kind::unnamed, .number = home_};
    if (const auto* member = server(pid)) return *member;
    if (processes != 0) return {.kind = Kind::unnamed, .number = processes};
    auto status = read_status(pid);
    if (status && status->pids.size() == 1 && home_is_main_) return {.kind = Kind::main};
    return {};
}

Result<std::vector<pid_t>> all_processes() {
    std::vector<pid_t> pids;
    auto proc = TRY(sys::open_dir(sys::kHere, "/proc"));
    for (const auto& name : TRY(sys::list_dir(proc)))
        if (auto number = base::parse_number(name)) pids.push_back(static_cast<pid_t>(*number));
    std::ranges::sort(pids);
    return pids;
}

}  // namespace vs::context
