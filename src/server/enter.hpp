#pragma once
// Running a command inside a server. On a stopped server too: it is started for maintenance (same isolation, only an idle
// init) and is gone when the command has ended.
//
// Security: the process that goes in is not dumpable from before it is visible inside until it has exec'd; it takes no
// descriptor but 0, 1 and 2 along; the terminal is allocated in the guest's own devpts and proxied, so that no terminal of the
// host is ever reachable from inside.

#include <chrono>
#include <string>
#include <vector>

#include "server/registry.hpp"
#include "server/run_state.hpp"

namespace vs::server {

enum class TerminalUse {
    automatic,  ///< a terminal of the guest where our input and output are terminals
    always,
    never,
};
struct EnterRequest {
    std::vector<std::string> command;       ///< argv; empty: the user's login shell
    std::string user = "root";              ///< name or number of the guest
    std::string directory;                  ///< empty: "/" for a command, the home for a shell
    std::vector<std::string> environment;   ///< "KEY=value", added to a clean one
    TerminalUse terminal = TerminalUse::automatic;
};
/// The exit status of the command as a shell shows it (128 + signal). 126 where it cannot be run, 127 where there is none.
/// Anything that keeps us from getting that far is an Error; a program maps it to 125.
Result<int> run_inside(const storage::Store& store, const Server& server, const EnterRequest& request);


/// The same for what we do inside ourselves: no terminal, no input, its output thrown away; killed after `limit`.
/// Precondition: the server runs; the caller may hold its lock.
Result<int> run_inside_quietly(const storage::Store& store, const Server& server, const EnterRequest& request,
                               std::chrono::milliseconds limit);

/// What a command inside has said, and how it ended.
struct Captured {
    int status = 0;
    std::string output;  ///< a stranger's
};
struct CaptureLimits {
    std::chrono::milliseconds time{10'000};
    std::size_t output = std::size_t{8} << 20;
};
/// The same with its output kept. Beyond a limit it is killed, and that is an error.
Result<Captured> capture_inside(const Server& server, const EnterRequest& request, const CaptureLimits& limits);

}  // namespace vs::server
