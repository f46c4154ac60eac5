#pragma once
// The programs `vserver` and `vserver-stat`, from argv to the exit status. They print; nothing below them does.

#include <string>
#include <vector>

namespace vs::cli {

/// `words` is argv without the program's name.
int run_vserver(const std::vector<std::string>& words);
int run_stat(const std::vector<std::string>& words);

}  // namespace vs::cli
