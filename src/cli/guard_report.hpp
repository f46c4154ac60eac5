#pragma once
// What the guard found, for people and as documents.

#include <string>
#include <vector>

#include "guard/crossview.hpp"
#include "guard/scan.hpp"

namespace vs::cli {

/// A line of verdict, and one for each difference and each thing that could not be looked at.
std::string scan_text(const guard::ScanReport& report);
/// {"servers": [{"name", "verdict", "differences", "unknown", ...}], "errors": [...]}
std::string json_scans(const std::vector<guard::ScanReport>& reports, const std::vector<Error>& errors);

std::string crossview_text(const guard::CrossviewReport& report);
/// {"servers": [{"name", "verdict", "sightings", "unknown", ...}], "errors": [...]}
std::string json_crossviews(const std::vector<guard::CrossviewReport>& reports, const std::vector<Error>& errors);

}  // namespace vs::cli
