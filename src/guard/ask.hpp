#pragma once
// The answers of a server's own ps, ls and ss, run inside as its administrator would run them, as they come. What lies to him lies to us
// too, and the difference is the finding.

#include <string>
#include <vector>

#include "guard/testimony.hpp"
#include "server/enter.hpp"

namespace vs::guard {

/// Where each question is put in one of the ways that an administrator might, so that nobody knows which answer must be true.
Result<> ask_for_processes(const server::Server& server, const server::CaptureLimits& limits, Testimony& testimony);
Result<> ask_for_ports(const server::Server& server, const server::CaptureLimits& limits, Testimony& testimony);
/// Of directories that are named in full. Two at least: with one ls writes no headings.
Result<> ask_for_names(const server::Server& server, const std::vector<std::string>& directories, Testimony& testimony);

/// Directories in as few command lines as they take. Pure. The second part: those for which there is no room.
struct Rounds {
    std::vector<std::vector<std::string>> rounds;
    std::size_t left_out = 0;
};
Rounds in_rounds(const std::vector<std::string>& directories);

}  // namespace vs::guard
