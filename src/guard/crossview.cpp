#include "guard/crossview.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "guard/baseline.hpp"
#include "guard/surveyor.hpp"
#include "server/life.hpp"

namespace vs::guard {

namespace {

constexpr std::size_t kMostDirectories = 64;

/// Names of the server's own layer that its ls can be asked for: those of a line, in directories that are watched.
Names names_in(const Survey& survey) {
    Names names;
    for (const auto& seen : survey.entries) {
        const auto& path = seen.now.path;
        if (seen.now.kind == Kind::whiteout || base::escape_control(path) != path) continue;
        auto slash = path.rfind('/');
        names[slash == 0 ? "/" : path.substr(0, slash)].insert(path.substr(slash + 1));
    }
    return names;
}

Result<Names> own_names(const storage::Store& store, const server::Server& server) {
    auto files = TRY(GuardFiles::open(store, server));
    SurveyOrders orders;
    orders.rules = Policy::of(server.settings.guard).rules();
    files.recall(orders);
    return names_in(TRY(survey_server(store, server, orders)));
}

/// What ls is asked for: as many as a command line takes, and two at least, for with one it writes no headings.
std::vector<std::string> directories_of(const Names& names) {
    std::vector<std::string> directories = {"/", "/etc"};
    for (const auto& [directory, unused] : names) {
        if (directories.size() == kMostDirectories) break;
        if (directory != "/" && directory != "/etc") directories.push_back(directory);
    }
    return directories;
}

/// What was there before and is there now.
Names in_both(const Names& one, const Names& other, const std::vector<std::string>& directories) {
    Names both;
    for (const auto& [directory, names] : one) {
        auto found = other.find(directory);
        if (found == other.end() || std::find(directories.begin(), directories.end(), directory) == directories.end()) continue;
        std::set_intersection(names.begin(), names.end(), found->second.begin(), found->second.end(), std::inserter(both[directory], both[directory].end()));
    }
    return both;
}

Ports ports_of(const std::vector<sys::OpenSocket>& sockets) {
    Ports ports;
    for (const auto& socket : sockets) ports.insert(fmt::format("{} {}", socket.protocol, socket.port));
    return ports;
}

Result<server::RunState> running_state(const server::Server& server) {
    auto run = TRY(server::RunDir::open(server.name));
    auto host = TRY(server::CgroupHost::open());
    auto state = TRY(run.read());
    if (!state || state->phase != server::Phase::running || !TRY(server::init_lives(host, server.name, *state)))
        return fail(Code::not_running, "'{}' is not running", server.name.text());
    return *state;
}

Result<TwoViews> gather(const storage::Store& store, const server::Server& server, const server::RunState& state) {
    TwoViews views;
    auto names = TRY(own_names(store, server));
    auto directories = directories_of(names);
    views.before = TRY(look_from_host(server, state));
    views.story = listen_to(server, directories);
    for (pid_t pid : TRY(processes_of(server))) views.alive_after.insert(pid);
    views.open_after = ports_of(TRY(sockets_of(server, state)));
    views.names = in_both(names, TRY(own_names(store, server)), directories);
    return views;
}

}  // namespace

Result<CrossviewReport> crossview(const storage::Store& store, const server::Server& server, const Notify& notify) {
    auto state = TRY(running_state(server));
    auto views = TRY_WITH(gather(store, server, state), "look at '{}' from both sides", server.name.text());
    CrossviewReport report{.name = server.name, .sightings = compare_views(views, server.settings), .unknown = views.story.silent};
    report.processes = views.before.tasks.size();
    report.sockets = views.before.sockets.size();
    report.mounts = views.before.mounts.size();
    bool proof = std::any_of(report.sightings.begin(), report.sightings.end(), [](const auto& sighting) { return !sighting.is_hint(); });
    report.verdict = proof ? Verdict::changed : report.unknown.empty() ? Verdict::ok : Verdict::unknown;
    if (notify)
        for (const auto& sighting : report.sightings)
            notify(server.name, fmt::format("{} {}: {}", trick_name(sighting.trick), base::escape_control(sighting.subject), base::escape_control(sighting.detail)));
    return report;
}

}  // namespace vs::guard
