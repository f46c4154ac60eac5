#pragma once
// From what is there to what that means: a survey held against what was accepted and what the image has. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "guard/survey.hpp"

namespace vs::guard {

enum class Verdict { ok, changed, unknown };
std::string_view verdict_name(Verdict verdict);
/// Of a program: 0, 1 and 8. What could not be found out is never 0.
int verdict_status(Verdict verdict);

enum class Change : std::uint8_t {
    added,       ///< neither accepted nor in the image
    modified,    ///< another content, owner, mode, ...
    removed,     ///< of the image or of what was accepted
    replaced,    ///< a directory of the image hidden by a new one of the same name
    moved,       ///< a directory of the image under another name
    rewritten,   ///< a growing file lost or changed what it had
    privileged,  ///< a new program that is setuid or has a capability, where anything else may change
    disagrees,   ///< what is cached is not what is stored
};
std::string_view change_name(Change change);

struct Difference {
    Change change = Change::modified;
    std::string path;
    Expectation expectation = Expectation::frozen;
    std::string detail;  ///< "content, mode 0644 -> 4755"
};

/// What was accepted, by path.
using Accepted = std::unordered_map<std::string, Entry>;

std::vector<Difference> judge(const Survey& survey, const Accepted& accepted, const Policy& policy);

/// CHANGED where there is a difference; otherwise UNKNOWN where something could not be looked at.
Verdict verdict_of(const std::vector<Difference>& differences, const std::vector<Unknown>& unknown);

}  // namespace vs::guard
