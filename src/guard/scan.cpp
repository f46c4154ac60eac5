#include "guard/scan.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "guard/baseline.hpp"
#include "guard/surveyor.hpp"
#include "storage/image.hpp"
#include "storage/record.hpp"

namespace vs::guard {

namespace {

SurveyOrders orders_for(const Policy& policy, const Accepted& accepted) {
    SurveyOrders orders;
    orders.rules = policy.rules();
    for (const auto& [path, entry] : accepted)
        if (entry.kind == Kind::file && policy.of_path(path) == Expectation::growing) orders.grown_from[path] = entry.size;
    return orders;
}

void take(ScanReport& report, const Survey& survey, const Accepted& accepted, const Policy& policy) {
    auto found = judge(survey, accepted, policy);
    report.differences.insert(report.differences.end(), found.begin(), found.end());
    report.unknown.insert(report.unknown.end(), survey.unknown.begin(), survey.unknown.end());
    report.looked_at += survey.looked_at;
    report.hashed += survey.hashed;
}

Result<> scan_own(const storage::Store& store, const server::Server& server, const ScanRequest& request, ScanReport& report) {
    auto seal = TRY(Seal::open(store));
    auto files = TRY(GuardFiles::open(store, server));
    auto accepted = TRY_WITH(files.read_accepted(seal), "its baseline is not to be believed; look at the server and then 'vserver {} accept'", server.name.text());
    if (!accepted) return fail(Code::failed, "it has no baseline; 'vserver {} accept' takes it as it is", server.name.text());
    auto policy = Policy::of(server.settings.guard);
    auto orders = orders_for(policy, *accepted);
    if (request.budget) orders.budget.bytes = *request.budget;
    if (request.depth == ScanRequest::Depth::full) orders.storage = Storage::compared;
    files.recall(orders);
    auto survey = TRY(survey_server(store, server, orders));
    take(report, survey, *accepted, policy);
    return files.remember(survey);
}

/// The whole image against its manifest.
Result<> scan_image(const storage::Store& store, const ScanRequest& request, ScanReport& report) {
    auto seal = TRY(Seal::open(store));
    auto manifest = TRY(read_manifest(store, seal, report.image));
    auto orders = orders_for(Policy::all_frozen(), {});
    if (request.budget) orders.budget.bytes = *request.budget;
    orders.storage = Storage::compared;
    ScanReport image{.name = report.name, .differences = {}, .unknown = {}, .image = {}, .image_checked = {}};
    take(image, TRY(survey_image(store, report.image, orders)), manifest, Policy::all_frozen());
    for (auto& difference : image.differences) difference.path = fmt::format("image:{}", difference.path);
    for (auto& unknown : image.unknown) unknown.path = fmt::format("image:{}", unknown.path);
    bool complete = image.unknown.empty();
    report.differences.insert(report.differences.end(), image.differences.begin(), image.differences.end());
    report.unknown.insert(report.unknown.end(), image.unknown.begin(), image.unknown.end());
    report.looked_at += image.looked_at;
    report.hashed += image.hashed;
    if (!complete && image.differences.empty()) return {};
    report.image_checked = storage::timestamp();
    return write_image_check(store, seal, report.image, {report.image_checked, image.differences.size()});
}

/// What the last full look at the image found stays found until the next.
Result<> recall_image(const storage::Store& store, ScanReport& report) {
    auto seal = TRY(Seal::open(store));
    auto check = TRY(read_image_check(store, seal, report.image));
    report.image_checked = check.when;
    if (check.differences == 0) return {};
    report.differences.push_back({Change::modified, "image:/", Expectation::frozen,
                                  fmt::format("{} differences from its manifest on {}; 'scan --full' lists them", check.differences, check.when)});
    return {};
}

void note_failure(ScanReport& report, const Result<>& done) {
    if (!done) report.unknown.push_back({"", done.error().message()});
}

std::string sentence_of(const Difference& difference) {
    return fmt::format("{} {}{}{}", change_name(difference.change), difference.path, difference.detail.empty() ? "" : ", ", difference.detail);
}

std::vector<std::string> findings_of(const ScanReport& report) {
    std::vector<std::string> findings;
    for (const auto& difference : report.differences) findings.push_back(sentence_of(difference));
    for (const auto& unknown : report.unknown) findings.push_back(fmt::format("unknown {}{}{}", unknown.path, unknown.path.empty() ? "" : ", ", unknown.reason));
    return findings;
}

Result<> record_verdict(Recording recording, const ScanReport& report) {
    if (report.verdict == Verdict::ok) return {};
    auto sentence = fmt::format("scan: {}, {} differences, {} unknown", verdict_name(report.verdict), report.differences.size(), report.unknown.size());
    return record(recording, report.name, sentence, findings_of(report));
}

bool lies_in(std::string_view path, std::string_view directory) {
    return path == directory || directory == "/" || (path.starts_with(directory) && path[directory.size()] == '/');
}

bool is_chosen(std::string_view path, const std::vector<std::string>& chosen) {
    return chosen.empty() || std::any_of(chosen.begin(), chosen.end(), [&](const auto& directory) { return lies_in(path, directory); });
}

/// The accepted entries with those of the survey in their place where they are chosen.
Accepted merge(Accepted accepted, const Survey& survey, const std::vector<std::string>& chosen) {
    std::erase_if(accepted, [&](const auto& item) { return is_chosen(item.first, chosen); });
    for (const auto& seen : survey.entries)
        if (is_chosen(seen.now.path, chosen)) accepted.insert_or_assign(seen.now.path, seen.now);
    return accepted;
}

ScanReport report_for(const server::Server& server) {
    return {.name = server.name, .differences = {}, .unknown = {}, .image = server.record.image, .image_checked = {}};
}

}  // namespace

ScanReport scan(const storage::Store& store, const server::Server& server, const ScanRequest& request) {
    auto report = report_for(server);
    note_failure(report, scan_own(store, server, request, report));
    bool full = request.depth == ScanRequest::Depth::full;
    note_failure(report, full ? scan_image(store, request, report) : recall_image(store, report));
    report.verdict = verdict_of(report.differences, report.unknown);
    note_failure(report, record_verdict(request.recording, report));
    return report;
}

Result<ScanReport> accept(const storage::Store& store, const server::Server& server, const std::vector<std::string>& paths) {
    auto seal = TRY(Seal::open(store));
    auto files = TRY(GuardFiles::open(store, server));
    auto before = files.read_accepted(seal);
    if (!before && !paths.empty()) return fail(Code::failed, "its baseline is not to be believed, so it can only be accepted as a whole: {}", before.error().message());
    auto accepted = before && *before ? std::move(**before) : Accepted();
    auto policy = Policy::of(server.settings.guard);
    auto survey = TRY(survey_server(store, server, orders_for(policy, accepted)));
    auto report = report_for(server);
    take(report, survey, accepted, policy);
    std::erase_if(report.differences, [&](const auto& difference) { return !is_chosen(difference.path, paths); });
    if (!survey.unknown.empty() && paths.empty())
        return fail(Code::failed, "'{}' cannot be looked at: {}", base::escape_control(survey.unknown[0].path), survey.unknown[0].reason);
    TRY(record(Recording::sealed_log, server.name, fmt::format("accept: {} differences", report.differences.size()), findings_of(report)));
    TRY(files.write_accepted(seal, merge(std::move(accepted), survey, paths)));
    TRY(files.remember(survey));
    report.verdict = Verdict::ok;
    return report;
}

Result<> begin_watch(const storage::Store& store, const server::Server& server) {
    auto seal = TRY(Seal::open(store));
    if (!TRY(has_manifest(store, server.record.image))) {
        auto survey = TRY(survey_image(store, server.record.image, orders_for(Policy::all_frozen(), {})));
        TRY_WITH(write_manifest(store, seal, server.record.image, survey), "write the manifest of image '{}'", server.record.image);
    }
    auto files = TRY(GuardFiles::open(store, server));
    auto survey = TRY(survey_fresh(store, server, orders_for(Policy::of(server.settings.guard), {})));
    return files.write_accepted(seal, merge({}, survey, {}));
}

}  // namespace vs::guard
