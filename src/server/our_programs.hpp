#pragma once
// Where the programs of this package are.

#include <string>

#include "base/result.hpp"

namespace vs::server {

/// A program of the libexec directory: "vserver-keeper". The directory is fixed at build time; VSERVER_LIBEXEC overrides it
/// for tests from a build tree.
std::string libexec_program(const std::string& name);
/// The `vserver` that runs now.
Result<std::string> vserver_program();
/// A tool of ordinary users: in a package in bin, beside our sbin. Code::failed where it is missing.
Result<std::string> tool_program(const std::string& name);
/// What a program of ours is started with.
std::vector<std::string> program_environment();

}  // namespace vs::server
