#pragma once
// What the parts of `logs` share.

#include "cli/log_view.hpp"
#include "cli/parse.hpp"
#include "log/directory.hpp"
#include "log/machine.hpp"
#include "model/name.hpp"

namespace vs::cli {

Result<LogChoice> choice_of(const Invocation& line);
/// --key; Code::usage where it is none.
Result<log::VerificationKey> parse_key(const Invocation& line);

/// All that is signed of a log, for a witness elsewhere.
Result<int> print_checkpoints(const log::LogDirectory& directory);
/// The same from standard input, held against the file that is the witness's memory; or here and now.
Result<int> witness_packet(const Invocation& line);
Result<int> witness_log(const Invocation& line, const log::LogDirectory& directory);
/// To a collector, until one of the two ends.
Result<int> forward_log(const Invocation& line, const model::ServerName& name, const log::LogDirectory& directory);

}  // namespace vs::cli
