#pragma once
// The first process of a PID namespace that we made for one program: starts it, reaps what it leaves behind, ends with its
// status, and with its parent. A program that is itself the first process would neither be killed by its own default
// signals nor know what to do with strangers' children.

#include <string>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

struct Payload {
    /// An open file to execute, for a program that its identity could not reach by name; nullptr: argv[0] is its path.
    /// A script can only be run by its path: its interpreter opens it again.
    const Fd* program = nullptr;
    std::vector<std::string> argv;
    std::vector<std::string> environment;  ///< all of it
    FdRef input{-1};                       ///< its standard input
    FdRef output{-1};                      ///< its standard output and error
    std::vector<FdRef> descriptors;        ///< its 3, 4, ...; no other is inherited
};

/// `parent_alive` is the read end of a pipe whose write end only the parent holds. Returns only where the payload could not
/// be forked; a failed exec is status 127, after a line on `output`.
/// Precondition: we are PID 1 of our namespace and a copy of a single-threaded program.
Error supervise(const Payload& payload, FdRef parent_alive);

}  // namespace vs::sys
