#include "cli/guard_report.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace vs::cli {

namespace {

using json = nlohmann::ordered_json;

std::string count(std::uint64_t number, std::string_view one, std::string_view several) { return fmt::format("{} {}", number, number == 1 ? one : several); }

json of_unknown(const std::vector<guard::Unknown>& unknown) {
    auto list = json::array();
    for (const auto& item : unknown) list.push_back({{"path", item.path}, {"reason", item.reason}});
    return list;
}

json of_difference(const guard::Difference& difference) {
    return {{"change", guard::change_name(difference.change)},
            {"path", difference.path},
            {"expected", guard::expectation_name(difference.expectation)},
            {"detail", difference.detail}};
}

json of_scan(const guard::ScanReport& report) {
    auto differences = json::array();
    for (const auto& difference : report.differences) differences.push_back(of_difference(difference));
    return {{"name", report.name.text()},
            {"verdict", guard::verdict_name(report.verdict)},
            {"differences", differences},
            {"unknown", of_unknown(report.unknown)},
            {"looked_at", report.looked_at},
            {"hashed", report.hashed},
            {"image", report.image},
            {"image_checked", report.image_checked.empty() ? json(nullptr) : json(report.image_checked)}};
}

json of_crossview(const guard::CrossviewReport& report) {
    auto sightings = json::array();
    for (const auto& sighting : report.found.sightings)
        sightings.push_back({{"trick", guard::trick_name(sighting.trick)}, {"subject", sighting.subject}, {"detail", sighting.detail}, {"hint", sighting.is_hint()}});
    return {{"name", report.name.text()}, {"verdict", guard::verdict_name(report.verdict)}, {"sightings", sightings}, {"unknown", of_unknown(report.found.unknown)},
            {"processes", report.found.processes}, {"sockets", report.found.sockets}, {"mounts", report.found.mounts}};
}

std::string unknown_lines(const std::vector<guard::Unknown>& unknown) {
    std::string text;
    for (const auto& item : unknown)
        text += fmt::format("  {:15} {}{}{}\n", "unknown", base::escape_control(item.path), item.path.empty() ? "" : ": ", base::escape_control(item.reason));
    return text;
}

std::string print_document(const json& servers, const std::vector<Error>& errors) {
    auto failures = json::array();
    for (const auto& error : errors) failures.push_back({{"code", base::code_name(error.code)}, {"message", error.message()}});
    json document = {{"servers", servers}, {"errors", failures}};
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string scan_text(const guard::ScanReport& report) {
    auto text = fmt::format("{}: {} ({}, {}; {} looked at, {} read)\n", report.name.text(), guard::verdict_name(report.verdict),
                            count(report.differences.size(), "difference", "differences"), count(report.unknown.size(), "unknown", "unknown"),
                            report.looked_at, report.hashed);
    for (const auto& difference : report.differences)
        text += fmt::format("  {:15} {:8} {}{}{}\n", guard::change_name(difference.change), guard::expectation_name(difference.expectation),
                            base::escape_control(difference.path), difference.detail.empty() ? "" : ": ", base::escape_control(difference.detail));
    return text + unknown_lines(report.unknown);
}

std::string json_scans(const std::vector<guard::ScanReport>& reports, const std::vector<Error>& errors) {
    auto servers = json::array();
    for (const auto& report : reports) servers.push_back(of_scan(report));
    return print_document(servers, errors);
}

std::string crossview_text(const guard::CrossviewReport& report) {
    auto text = fmt::format("{}: {} ({}, {}, {})\n", report.name.text(), guard::verdict_name(report.verdict), count(report.found.processes, "process", "processes"),
                            count(report.found.sockets, "open socket", "open sockets"), count(report.found.mounts, "mount", "mounts"));
    for (const auto& sighting : report.found.sightings)
        text += fmt::format("  {:15} {}: {}{}\n", guard::trick_name(sighting.trick), base::escape_control(sighting.subject),
                            base::escape_control(sighting.detail), sighting.is_hint() ? " (a hint, no proof)" : "");
    return text + unknown_lines(report.found.unknown);
}

std::string json_crossviews(const std::vector<guard::CrossviewReport>& reports, const std::vector<Error>& errors) {
    auto servers = json::array();
    for (const auto& report : reports) servers.push_back(of_crossview(report));
    return print_document(servers, errors);
}

}  // namespace vs::cli
