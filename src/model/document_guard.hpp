#pragma once
// What a document is refused for before toml++ 3.3 reads it: what it takes badly, or without bound.

#include "base/result.hpp"

namespace vs::model {

/// Refuses, as Code::usage with "FILE:LINE: ...",
///  - a document larger than any settings file;
///  - a line with very many dots outside quotes: each makes a table in a table, which are freed by recursion, and unlike
///    the nesting of values that of dotted keys has no bound, so that "a.a.a.a..." would overrun the stack;
///  - what is not ASCII outside quotes and comments: TOML knows none there, and toml++ decides whether it is a blank by a
///    table of Unicode that has undefined behaviour for some (U+00D6).
Result<void> guard_document(std::string_view text, const std::string& file);

}  // namespace vs::model
