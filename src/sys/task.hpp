#pragma once
// What /proc says of other people's processes, read from outside. The processes are gone or others from one call to the next;
// whatever is gone meanwhile is not an error but absent.

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sys/fd.hpp"

namespace vs::sys {

struct Task {
    pid_t pid = 0;
    pid_t pid_inside = 0;  ///< in the innermost PID namespace but one: what `level` says
    std::string name;      ///< its own choice
    std::string program;   ///< the file it executes, with " (deleted)" where that has no name any more; empty: cannot be told
    std::vector<std::string> executable;  ///< names of its executable mappings that are no plain files of today, as in maps
};

/// The same as the kernel writes it, not looked into yet: names and paths in it are a stranger's choice.
struct TaskText {
    pid_t pid = 0;
    std::string status, program, maps;
    bool is_whole = true;  ///< false: it has more mappings than are read, and `maps` is empty; or its program has no path of 4,096 bytes
};
/// `proc` is a procfs of ours. nullopt where the process has ended.
Result<std::optional<TaskText>> read_task(FdRef proc, pid_t pid);
/// `level` is how many PID namespaces below ours the pid that counts is (1 for a server's). Pure.
Task parse_task(const TaskText& text, std::size_t level);

/// Executable mappings in the text of /proc/PID/maps without a file, of a deleted file, or of memory. Each name once; "" is
/// anonymous memory.
std::vector<std::string> unusual_executable_mappings(std::string_view maps);

}  // namespace vs::sys
