#pragma once
// What people read: the same as json.hpp has, as tables and lines.

#include "cli/json.hpp"
#include "cli/output.hpp"

namespace vs::cli {

/// `vserver list`
Table list_table(const std::vector<server::ServerStatus>& servers);
/// `vserver NAME status`: a line for each thing known.
std::string status_text(const server::ServerStatus& server);
/// vserver-stat: those that run.
Table stat_table(const std::vector<server::ServerStatus>& servers);
/// `vserver NAME check` and `vserver doctor`: a line for each finding, and one below it that mends it.
std::string findings_text(const Examination& examination);
/// `vserver shield status`: one line, or two.
std::string shield_text(const server::ShieldStatus& status);
/// Whom hiding blinds, and its state.
std::string blinded_text(const server::Blinded& blinded);
std::string hiding_text(const HidingReport& report);

}  // namespace vs::cli
