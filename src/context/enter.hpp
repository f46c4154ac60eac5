#pragma once
// Two more ways to run a command: in a context that exists, and as the spectator.

#include "context/context.hpp"
#include "context/registry.hpp"

namespace vs::context {

/// Runs the command in the context of a record, below its ceiling. Needs the rights of an administrator. Code::denied for a
/// private one. Of the wish only the ceiling and the way of waiting count.
Result<Running> enter(const Record& record, const Wish& wish, const Command& command);

/// In the context of that choice: entered where it exists, made and registered where not.
Result<Running> begin_chosen(const Choice& choice, Wish wish, const Command& command);

/// Context 1: a command that sees every process and can signal, trace and enter none. It runs as a user of its own that no
/// other process has, without any capability and any way to get one, so the kernel refuses all of it by its plainest rule, on
/// every version; and with a /proc without hidepid. docs/security.md has the table.
Result<Running> spectate(const Wish& wish, const Command& command);

}  // namespace vs::context
