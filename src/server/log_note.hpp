#pragma once
// The host's own words in a server's log: what was done to it from outside, what the guard found. Sealed with the rest, as records of
// log::Source::host, which nobody inside can write.

#include <string_view>

#include "model/name.hpp"

namespace vs::server {

/// The name of the socket below /run/vservers/NAME.
inline constexpr const char* kNoteSocket = "note";

/// One record, of at most 64 KiB, whether the server runs or not. A running server's recorder has it waiting when this returns, and
/// nothing but the end of the machine can take it away; a stopped one's has it on disk and sealed.
Result<> note_in_log(const model::ServerName& name, std::string_view text);

}  // namespace vs::server
