#pragma once
// Extended attributes (xattr(7)) of open files.

#include <optional>
#include <string>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

inline const std::string kCapabilityXattr = "security.capability";

/// nullopt where the file has none of that name, or its file system has none at all.
Result<std::optional<std::string>> get_xattr(FdRef fd, const std::string& name);
/// All that this process may see, sorted. Empty where the file system has none.
Result<std::vector<std::string>> list_xattrs(FdRef fd);
Result<> set_xattr(FdRef fd, const std::string& name, std::string_view value);
/// Nothing to do where it has none of that name.
Result<> remove_xattr(FdRef fd, const std::string& name);

}  // namespace vs::sys
