#include "context/process_status.hpp"

#include <cerrno>
#include <charconv>
#include <map>

#include "base/text.hpp"
#include "sys/file.hpp"

namespace vs::context {

namespace {

using Lines = std::map<std::string_view, std::string_view>;

Lines lines_of(std::string_view text) {
    Lines lines;
    for (auto line : base::split(text, '\n')) {
        auto colon = line.find(':');
        if (colon != std::string_view::npos) lines.emplace(line.substr(0, colon), base::trim(line.substr(colon + 1)));
    }
    return lines;
}

Result<std::uint64_t> number(const Lines& lines, std::string_view key, int base) {
    auto found = lines.find(key);
    if (found == lines.end()) return fail(Code::failed, "the status of the process has no '{}'", key);
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(found->second.data(), found->second.data() + found->second.size(), value, base);
    if (error != std::errc() || end != found->second.data() + found->second.size())
        return fail(Code::failed, "'{}' in the status of the process is malformed", key);
    return value;
}

Result<model::CapabilitySet> set(const Lines& lines, std::string_view key) {
    return model::CapabilitySet::from_bits(TRY(number(lines, key, 16)));
}

template <typename T>
std::vector<T> numbers(const Lines& lines, std::string_view key) {
    std::vector<T> out;
    auto found = lines.find(key);
    if (found == lines.end()) return out;
    for (auto word : base::split(found->second, '\t'))
        if (auto value = base::parse_number(word)) out.push_back(static_cast<T>(*value));
    return out;
}

}  // namespace

Result<ProcessStatus> parse_status(std::string_view text) {
    const auto lines = lines_of(text);
    ProcessStatus status;
    if (auto name = lines.find("Name"); name != lines.end()) status.name = std::string(name->second);
    status.inheritable = TRY(set(lines, "CapInh"));
    status.permitted = TRY(set(lines, "CapPrm"));
    status.effective = TRY(set(lines, "CapEff"));
    status.bounding = TRY(set(lines, "CapBnd"));
    status.ambient = TRY(set(lines, "CapAmb"));
    status.no_new_privileges = TRY(number(lines, "NoNewPrivs", 10)) != 0;
    status.filtered = TRY(number(lines, "Seccomp", 10)) == 2;
    status.threads = TRY(number(lines, "Threads", 10));
    status.uids = numbers<std::uint32_t>(lines, "Uid");
    status.pids = numbers<pid_t>(lines, "NSpid");
    return status;
}

Result<ProcessStatus> read_status(pid_t pid) {
    auto text = sys::read_file(sys::kHere, fmt::format("/proc/{}/status", pid));
    if (!text && (text.error().errno_value == ENOENT || text.error().errno_value == ESRCH))
        return std::unexpected<Error>(Error{Code::not_running, ESRCH, fmt::format("there is no process {}", pid), {}});
    return parse_status(TRY(std::move(text)));
}

}  // namespace vs::context
