#include "cli/guard_report.hpp"

#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace vs::cli {

namespace {

using json = nlohmann::ordered_json;

std::string count(std::uint64_t number, std::string_view one, std::string_view several) { return fmt::format("{} {}", number, number == 1 ? one : several); }

json of_difference(const guard::Difference& difference) {
    return {{"change", guard::change_name(difference.change)},
            {"path", difference.path},
            {"expected", guard::expectation_name(difference.expectation)},
            {"detail", difference.detail}};
}

json of_scan(const guard::ScanReport& report) {
    auto differences = json::array(), unknown = json::array();
    for (const auto& difference : report.differences) differences.push_back(of_difference(difference));
    for (const auto& item : report.unknown) unknown.push_back({{"path", item.path}, {"reason", item.reason}});
    return {{"name", report.name.text()},
            {"verdict", guard::verdict_name(report.verdict)},
            {"differences", differences},
            {"unknown", unknown},
            {"looked_at", report.looked_at},
            {"hashed", report.hashed},
            {"image", report.image},
            {"image_checked", report.image_checked.empty() ? json(nullptr) : json(report.image_checked)}};
}

}  // namespace

std::string scan_text(const guard::ScanReport& report) {
    auto text = fmt::format("{}: {} ({}, {}; {} looked at, {} read)\n", report.name.text(), guard::verdict_name(report.verdict),
                            count(report.differences.size(), "difference", "differences"), count(report.unknown.size(), "unknown", "unknown"),
                            report.looked_at, report.hashed);
    for (const auto& difference : report.differences)
        text += fmt::format("  {:10} {:8} {}{}{}\n", guard::change_name(difference.change), guard::expectation_name(difference.expectation),
                            base::escape_control(difference.path), difference.detail.empty() ? "" : ": ", base::escape_control(difference.detail));
    for (const auto& item : report.unknown)
        text += fmt::format("  {:10} {}{}{}\n", "unknown", base::escape_control(item.path), item.path.empty() ? "" : ": ", base::escape_control(item.reason));
    return text;
}

std::string json_scans(const std::vector<guard::ScanReport>& reports, const std::vector<Error>& errors) {
    auto servers = json::array(), failures = json::array();
    for (const auto& report : reports) servers.push_back(of_scan(report));
    for (const auto& error : errors) failures.push_back({{"code", base::code_name(error.code)}, {"message", error.message()}});
    json document = {{"servers", servers}, {"errors", failures}};
    return document.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace vs::cli
