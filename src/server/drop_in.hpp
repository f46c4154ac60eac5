#pragma once
// Drop-ins of the host's units: files below /etc/systemd/system/UNIT.d that add to what a unit says (systemd.unit(5)).

#include <array>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace vs::server {

/// Where systemd looks for units, and for their drop-ins (systemd.unit(5)).
inline constexpr std::array kUnitPlaces = {"/etc/systemd/system",          "/run/systemd/system",     "/run/systemd/transient", "/run/systemd/generator",
                                           "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"};

std::string drop_in_path(const std::string& unit, const std::string& name);
Result<> write_drop_in(const std::string& unit, const std::string& name, const std::string& text);
/// With its directory where nothing else is in it. What is not there is no error.
Result<> remove_drop_in(const std::string& unit, const std::string& name);
/// The units that have one of this name.
Result<std::vector<std::string>> units_with_drop_in(const std::string& name);

Result<bool> has_systemd();
/// Has systemd read its units, where it runs. What runs already goes on as it is.
Result<> reload_units();

}  // namespace vs::server
