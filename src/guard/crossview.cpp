#include "guard/crossview.hpp"

#include <fcntl.h>

#include <algorithm>

#include "base/text.hpp"
#include "guard/ask.hpp"
#include "guard/baseline.hpp"
#include "guard/host_view.hpp"
#include "guard/onlooker.hpp"
#include "guard/record.hpp"
#include "guard/surveyor.hpp"
#include "server/stand_still.hpp"
#include "sys/file.hpp"

namespace vs::guard {

namespace {

// A server stands still for as long as it answers, and never for longer than this.
constexpr sys::Milliseconds kStandStill{3'000}, kAnswer{1'000};

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

std::vector<std::string> directories_of(const Names& names) {
    std::vector<std::string> directories = {"/", "/etc"};
    for (const auto& [directory, unused] : names)
        if (directory != "/" && directory != "/etc") directories.push_back(directory);
    return directories;
}

/// What was there before and is there now.
Result<> add_names(const Names& before, const Names& now, Testimony& testimony) {
    for (const auto& [directory, names] : before) {
        auto found = now.find(directory);
        if (found == now.end()) continue;
        std::string both;
        for (const auto& name : names)
            if (found->second.contains(name)) both += name + '\0';
        TRY(testimony.add(Piece::present, directory, both));
    }
    return {};
}

/// Everything about processes and ports: before, what it says, and afterwards.
Result<> gather(const server::Server& server, const server::RunState& run, const server::CaptureLimits& limits, Testimony& testimony) {
    TRY(look_from_host(server.name, run, testimony));
    TRY(ask_for_processes(server, limits, testimony));
    TRY(ask_for_ports(server, limits, testimony));
    return look_once_more(server.name, run, testimony);
}

Result<> gather_with_names(const storage::Store& store, const server::Server& server, const server::RunState& run, Testimony& testimony) {
    auto before = TRY(own_names(store, server));
    TRY(gather(server, run, {}, testimony));
    TRY(ask_for_names(server, directories_of(before), testimony));
    return add_names(before, TRY(own_names(store, server)), testimony);
}

/// `gather` puts together what is looked into.
template <typename Gather>
Result<Findings> look(const server::Server& server, Gather gather) {
    auto run = TRY(server::RunDir::open(server.name));  // in memory
    auto file = TRY(sys::open_at(run.dir(), ".", O_TMPFILE | O_RDWR, 0600)), report = TRY(sys::open_at(run.dir(), ".", O_TMPFILE | O_RDWR, 0600));
    Testimony testimony(file);
    TRY(testimony.add(Expected::of(server.settings)));
    TRY(gather(testimony));
    TRY(testimony.finish());
    return have_looked_into(file, report);
}

/// While nothing of it moves. What moves nevertheless has come in from outside, or has made it go on.
Result<Findings> look_at_stand(const server::Server& server, const server::RunState& run) {
    auto found = TRY(look(server, [&](Testimony& testimony) -> Result<> {
        auto still = TRY(server::StandStill::begin(TRY(server::CgroupHost::open()), server.name, kStandStill));
        TRY(gather(server, run, {.time = kAnswer}, testimony));
        if (still.has_held()) return {};
        return testimony.add(Piece::silent, "processes", "it did not stand still for long enough to be looked at");
    }));
    if (found.movers > 0) found.unknown.push_back({"processes", "some come and go while the server stands still: those that were entered into it"});
    return found;
}

template <typename Items>
void add_new(Items& items, const Items& others) {
    for (const auto& item : others)
        if (std::ranges::find(items, item) == items.end()) items.push_back(item);
}

/// Two lists of a server that is moving miss who moves faster than they are made.
Result<> catch_movers(const server::Server& server, const server::RunState& run, Findings& found) {
    if (found.movers == 0) return {};
    auto still = look_at_stand(server, run);
    if (!still) {
        found.unknown.push_back({"processes", fmt::format("some come and go faster than it can be asked: {}", still.error().message())});
        return {};
    }
    add_new(found.sightings, still->sightings);
    add_new(found.unknown, still->unknown);
    return {};
}

Result<> record_verdict(const CrossviewReport& report) {
    if (report.verdict == Verdict::ok) return {};
    std::vector<std::string> findings;
    for (const auto& sighting : report.found.sightings) findings.push_back(fmt::format("{} {}, {}", trick_name(sighting.trick), sighting.subject, sighting.detail));
    for (const auto& unknown : report.found.unknown) findings.push_back(fmt::format("unknown {}, {}", unknown.path, unknown.reason));
    return record(Recording::sealed_log, report.name, fmt::format("crossview: {}", verdict_name(report.verdict)), findings);
}

}  // namespace

Result<CrossviewReport> crossview(const storage::Store& store, const server::Server& server) {
    auto run = TRY(running_state(server.name));
    if (!run) return fail(Code::not_running, "'{}' is not running", server.name.text());
    const auto& state = *run;
    CrossviewReport report{.name = server.name, .verdict = Verdict::unknown, .found = {}};
    auto gather = [&](Testimony& testimony) { return gather_with_names(store, server, state, testimony); };
    report.found = TRY_WITH(look(server, gather), "look at '{}' from both sides", server.name.text());
    TRY(catch_movers(server, state, report.found));
    bool proof = std::ranges::any_of(report.found.sightings, [](const auto& sighting) { return !sighting.is_hint(); });
    report.verdict = proof ? Verdict::changed : report.found.unknown.empty() ? Verdict::ok : Verdict::unknown;
    auto recorded = record_verdict(report);
    if (!recorded) report.found.unknown.push_back({"", recorded.error().message()});
    return report;
}

}  // namespace vs::guard
