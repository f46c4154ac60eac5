#pragma once
// The verbs. Each takes its command line and returns the exit status of the program, or the error that it ends with.

#include "cli/parse.hpp"

namespace vs::cli {

// Make and remove
Result<int> build(const Invocation& line);
Result<int> delete_servers(const Invocation& line);
Result<int> images(const Invocation& line);

// Start and stop
Result<int> start(const Invocation& line);
Result<int> stop(const Invocation& line);
Result<int> restart(const Invocation& line);

// Look
Result<int> list(const Invocation& line);
Result<int> status(const Invocation& line);
Result<int> running(const Invocation& line);
Result<int> config(const Invocation& line);
Result<int> check(const Invocation& line);
Result<int> logs(const Invocation& line);

// Inside
Result<int> enter(const Invocation& line);
Result<int> exec(const Invocation& line);
Result<int> suexec(const Invocation& line);
Result<int> passwd(const Invocation& line);

// Files
Result<int> files(const Invocation& line);
Result<int> mount(const Invocation& line);
Result<int> umount(const Invocation& line);

// Watch from outside
Result<int> scan(const Invocation& line);
Result<int> accept(const Invocation& line);
Result<int> crossview(const Invocation& line);
Result<int> guard_watch(const Invocation& line);
Result<int> secure_host(const Invocation& line);

// This machine
Result<int> doctor(const Invocation& line);
Result<int> repair(const Invocation& line);
Result<int> host_service(const Invocation& line);
Result<int> shield(const Invocation& line);

}  // namespace vs::cli
