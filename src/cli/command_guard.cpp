// scan, accept, crossview

#include "cli/command_guard.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/guard_report.hpp"
#include "cli/output.hpp"
#include "cli/select.hpp"
#include "guard/rights.hpp"

namespace vs::cli {

namespace {

/// What is worse of two exit statuses: a failure of ours says less than a difference, and UNKNOWN less than either.
int worse(int one, int other) {
    auto weight = [](int status) { return status == guard::verdict_status(guard::Verdict::changed) ? 1000 : status; };
    return weight(one) > weight(other) ? one : other;
}

Result<guard::ScanRequest> scan_request(const Invocation& line) {
    guard::ScanRequest request;
    if (line.has(Opt::full)) request.depth = guard::ScanRequest::Depth::full;
    if (!line.has(Opt::budget)) return request;
    request.budget = TRY(budget_of(line));
    return request;
}

Result<std::vector<std::string>> paths_of(const Invocation& line) {
    for (const auto& path : line.arguments)
        if (!path.starts_with('/') || (path.size() > 1 && path.ends_with('/')))
            return fail(Code::usage, "'{}' is not an absolute path without a slash at its end", path);
    return line.arguments;
}

/// One look at each chosen server.
template <typename Report>
struct Round {
    std::vector<Report> reports;
    std::vector<Error> errors;
    int worst = 0;

    template <typename Look, typename Text>
    Result<> go(const storage::Store& store, const Invocation& line, Look look, Text text) {
        for (const auto& name : TRY(chosen_servers(store, line))) {
            auto server = server::load_server(store, name.text());
            auto report = server ? look(*server) : Result<Report>(std::unexpected<Error>(server.error()));
            if (!report) {
                errors.push_back(report.error());
                complain(errors.back());
                worst = worse(worst, base::exit_status(errors.back().code));
                continue;
            }
            worst = worse(worst, guard::verdict_status(report->verdict));
            if (!line.has(Opt::json)) print(text(*report));
            reports.push_back(std::move(*report));
        }
        return {};
    }
};

}  // namespace

Result<std::uint64_t> budget_of(const Invocation& line) {
    auto bytes = base::parse_size(line.value(Opt::budget));
    if (!bytes) return fail(Code::usage, "--budget: '{}' is no size; say 512M or 2G", line.value(Opt::budget));
    return *bytes;
}

Result<int> scan(const Invocation& line) {
    auto request = TRY(scan_request(line));
    auto store = TRY(storage::Store::open());
    TRY(guard::keep_rights_for(guard::Looking::scan));
    Round<guard::ScanReport> round;
    TRY(round.go(store, line, [&](const server::Server& server) { return Result<guard::ScanReport>(guard::scan(store, server, request)); }, scan_text));
    if (line.has(Opt::json)) print(json_scans(round.reports, round.errors));
    return round.worst;
}

Result<int> crossview(const Invocation& line) {
    auto store = TRY(storage::Store::open());
    TRY(guard::keep_rights_for(guard::Looking::crossview));
    Round<guard::CrossviewReport> round;
    TRY(round.go(store, line, [&](const server::Server& server) { return guard::crossview(store, server); }, crossview_text));
    if (line.has(Opt::json)) print(json_crossviews(round.reports, round.errors));
    return round.worst;
}

Result<int> accept(const Invocation& line) {
    auto paths = TRY(paths_of(line));
    auto store = TRY(storage::Store::open());
    auto server = TRY(server::load_server(store, line.names[0].text()));
    TRY(guard::keep_rights_for(guard::Looking::scan));
    auto report = TRY_WITH(guard::accept(store, server, paths), "cannot accept '{}'", server.name.text());
    if (line.has(Opt::json)) print(json_scans({report}, {}));
    else print(scan_text(report));
    return 0;
}

}  // namespace vs::cli
