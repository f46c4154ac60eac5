#include "server/examine.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "server/examine_parts.hpp"
#include "sys/host.hpp"

namespace vs::server {

std::string_view grade_name(Grade grade) {
    switch (grade) {
        case Grade::good: return "good";
        case Grade::notice: return "notice";
        case Grade::bad: return "bad";
    }
    return "";
}

void examine_disk(Findings& findings, const storage::Store& store) {
    constexpr std::uint64_t kLittle = 1ULL << 30;
    auto space = sys::disk_space(store.path());
    if (!space) return findings.bad("disk", space.error().message(), "");
    auto text = fmt::format("{} of {} free in {}", base::format_size(space->free_bytes), base::format_size(space->total_bytes), store.path());
    bool few_inodes = space->total_inodes > 0 && space->free_inodes < space->total_inodes / 50;
    if (few_inodes) return findings.notice("disk", fmt::format("{}, but only {} inodes", text, space->free_inodes), "delete what is not needed");
    if (space->free_bytes < kLittle) return findings.notice("disk", text, "delete what is not needed: vserver images, vserver NAME delete");
    findings.good("disk", text);
}

std::vector<storage::IdRange> overlapping(const std::vector<storage::IdRange>& foreign, std::uint32_t first, std::uint64_t count) {
    std::vector<storage::IdRange> found;
    std::copy_if(foreign.begin(), foreign.end(), std::back_inserter(found), [&](const storage::IdRange& range) {
        return std::uint64_t{range.first} < first + count && std::uint64_t{range.first} + range.count > first;
    });
    return found;
}

KernelVersion parse_kernel_version(std::string_view release) {
    auto parts = base::split(release.substr(0, release.find_first_not_of("0123456789.")), '.');
    auto major = base::parse_number(parts[0]);
    auto minor = parts.size() > 1 ? base::parse_number(parts[1]) : std::nullopt;
    return major && minor ? KernelVersion{*major, *minor} : KernelVersion{};
}

}  // namespace vs::server
