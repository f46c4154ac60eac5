#pragma once
// What the guard has found or was told, in the server's sealed log: records of the host's kind, which nobody inside can write.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/name.hpp"

namespace vs::guard {

enum class Recording {
    sealed_log,
    nothing,  ///< the caller records what comes of it
};

/// One record: the sentence, and behind it as many of the findings as it has room for, and how many there are more. Control bytes are
/// escaped. Nothing where `recording` says so.
Result<> record(Recording recording, const model::ServerName& name, std::string_view sentence, const std::vector<std::string>& findings);

/// The text of that. Pure.
std::string record_text(std::string_view sentence, const std::vector<std::string>& findings);

}  // namespace vs::guard
