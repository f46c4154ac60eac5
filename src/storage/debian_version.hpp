#pragma once
// Order of Debian's version numbers (deb-version(7)).

#include <compare>
#include <string_view>

namespace vs::storage {

std::strong_ordering compare_versions(std::string_view a, std::string_view b);

/// `relation` is one of "<<", "<=", "=", ">=", ">>"; an unknown one never holds.
bool version_satisfies(std::string_view version, std::string_view relation, std::string_view wanted);

}  // namespace vs::storage
