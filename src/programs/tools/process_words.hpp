#pragma once
// What libvserver tells of a process, in words and as JSON.

#include <array>

#include "programs/tools/tool.hpp"

namespace vs::tools {

/// The process that `--show [PID]` asks for; without PID ours, which has its caller's context and ceiling.
Result<vserver_process> examine_asked(const Line& line);

/// "main", "registered", "unnamed", "server", "hidden".
std::string_view kind_word(std::uint32_t kind);

struct NamedSet {
    std::string_view name;
    std::uint64_t set;
};
std::array<NamedSet, 5> capability_sets(const vserver_process& process);

/// One object; stable snake_case names.
std::string process_json(const vserver_process& process);

}  // namespace vs::tools
