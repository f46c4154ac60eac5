#include "sys/task.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "sys/file.hpp"

namespace vs::sys {

namespace {

constexpr std::size_t kLargestMaps = 8 << 20;  // vm.max_map_count lines of usual length

bool is_gone(const Error& error) { return error.errno_value == ENOENT || error.errno_value == ESRCH; }

/// "NSpid:\t4711\t12": one number for each namespace, ours first.
pid_t pid_at_level(std::string_view numbers, std::size_t level) {
    auto fields = base::split(base::trim(numbers), '\t');
    auto number = level < fields.size() ? base::parse_number(fields[level]) : std::nullopt;
    return number ? static_cast<pid_t>(*number) : 0;
}

void read_status(std::string_view text, std::size_t level, Task& task) {
    for (auto line : base::split(text, '\n')) {
        if (line.starts_with("Name:\t")) task.name = line.substr(6);
        if (!line.starts_with("NSpid:\t")) continue;
        task.pid_inside = pid_at_level(line.substr(7), level);
        return;
    }
}

/// The name at the end of a line of maps, behind five fields and blanks; empty for anonymous memory.
std::string_view mapped_name(std::string_view line) {
    for (int field = 0; field < 5; ++field) line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
    auto start = line.find_first_not_of(' ');
    return start == std::string_view::npos ? std::string_view() : line.substr(start);
}

bool is_executable(std::string_view line) {
    constexpr std::size_t kExecute = 3;  // "r-xp"
    auto rights = line.find(' ');
    return rights != std::string_view::npos && rights + kExecute < line.size() && line[rights + kExecute] == 'x';
}

bool is_unusual(std::string_view name) {
    if (name.empty() || name == "[heap]" || name == "[stack]" || name.starts_with("[anon")) return true;
    return name.ends_with(" (deleted)") || name.starts_with("/memfd:");
}

/// The directory in /proc that shows its program and memory: the process's own does not once its first thread has ended.
Result<std::string> living_thread(FdRef proc, pid_t pid) {
    auto own = std::to_string(pid);
    if (read_link(proc, own + "/exe")) return own;
    auto threads = open_dir(proc, own + "/task");
    if (!threads) return own;
    for (const auto& thread : TRY(list_dir(*threads)))
        if (auto path = fmt::format("{}/task/{}", own, thread); read_link(proc, path + "/exe")) return path;
    return own;
}

}  // namespace

std::vector<std::string> unusual_executable_mappings(std::string_view maps) {
    std::vector<std::string> names;
    while (!maps.empty()) {
        auto end = maps.find('\n');
        auto line = maps.substr(0, end);
        maps.remove_prefix(end == std::string_view::npos ? maps.size() : end + 1);
        if (!is_executable(line)) continue;
        auto name = mapped_name(line);
        if (is_unusual(name) && std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
    }
    return names;
}

Result<std::optional<TaskText>> read_task(FdRef proc, pid_t pid) {
    TaskText text;
    text.pid = pid;
    auto status = read_file(proc, fmt::format("{}/status", pid));
    if (!status && is_gone(status.error())) return std::nullopt;
    text.status = TRY(std::move(status));
    auto thread = TRY(living_thread(proc, pid));
    auto program = read_link(proc, thread + "/exe");
    if (program) text.program = std::move(*program);
    auto maps = read_file(proc, thread + "/maps", kLargestMaps);
    if (!maps && is_gone(maps.error())) return std::nullopt;
    text.is_whole = maps || maps.error().errno_value != EFBIG;
    if (text.is_whole) text.maps = TRY(std::move(maps));
    if (!program && program.error().errno_value == ENAMETOOLONG) text.is_whole = false;
    return std::optional(std::move(text));
}

Task parse_task(const TaskText& text, std::size_t level) {
    Task task;
    task.pid = text.pid;
    read_status(text.status, level, task);
    task.program = text.program;
    task.executable = unusual_executable_mappings(text.maps);
    return task;
}

}  // namespace vs::sys
