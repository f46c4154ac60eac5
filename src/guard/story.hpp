#pragma once
// What a server tells of itself: the answers of its own ps, ls and ss. Their text is a stranger's; parsing it takes what looks like an
// answer and leaves the rest. Pure.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "guard/survey.hpp"

namespace vs::guard {

using Pids = std::set<pid_t>;
/// "tcp 22"
using Ports = std::set<std::string>;
using Names = std::map<std::string, std::set<std::string>>;  ///< of each directory

struct Story {
    std::optional<Pids> ps;    ///< nullopt: it has no such tool
    std::optional<Pids> proc;  ///< the numbers that ls shows in /proc
    std::map<std::string, Ports> ports;  ///< as each tool that it has says: one may lie where another does not
    std::optional<Names> names;
    std::vector<Unknown> silent;  ///< what could not be asked, and why
};

/// The number in that column of each line, counted from 0.
Pids parse_pids(std::string_view text, std::size_t column);
/// Lines of ss(8) or netstat(8): the protocol, and the port behind the last ':' of the first address.
Ports parse_ports(std::string_view text);
/// `ls -1a DIR DIR...`: "DIR:" and names, one a line, an empty line between.
Names parse_names(std::string_view text, const std::set<std::string, std::less<>>& directories);

}  // namespace vs::guard
