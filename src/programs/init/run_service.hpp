#pragma once
// What a child of PID 1 does to become a service.

#include "model/service_table.hpp"
#include "programs/init/console.hpp"

namespace vs::init {

/// New session, /dev/null as standard input, the console as both outputs, the service's user with its groups, that
/// user's home as directory, a clean environment; then its program. What fails is told on the console and ends the
/// child: with 127 where there is no such program, else with 126.
/// Fork-safety: for the child of a single-threaded process.
[[noreturn]] void run_service(const model::ServiceEntry& service, Console& console);

}  // namespace vs::init
