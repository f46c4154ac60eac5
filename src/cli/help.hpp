#pragma once
// What vserver says about itself, all of it from the grammar.

#include <string>

#include "cli/grammar.hpp"

namespace vs::cli {

/// "vserver NAME exec [-u USER] ... CMD [ARG...]": also a line of the manual page.
std::string synopsis(const Verb& verb);
/// `vserver --help`.
std::string general_help();
/// `vserver VERB --help`.
std::string verb_help(const Verb& verb);
/// `vserver --complete`: a completion script for bash.
std::string bash_completion();

}  // namespace vs::cli
