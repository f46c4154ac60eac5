#pragma once
// What a tree says it is: os-release(5). The tree may be hostile, so what is read is capped and escaped.

#include <string>
#include <string_view>

#include "sys/fd.hpp"

namespace vs::storage {

struct OsRelease {
    std::string pretty_name;  ///< control characters escaped; empty where unknown
    std::string codename;     ///< only of [a-z0-9.-]; empty otherwise
};
OsRelease parse_os_release(std::string_view text);
/// Of the tree whose root is `root`; empty where it has none or one that is no plain file.
OsRelease read_os_release(const sys::DirFd& root);

}  // namespace vs::storage
