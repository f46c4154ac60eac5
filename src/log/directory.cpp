#include "log/directory.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "sys/file.hpp"

namespace vs::log {

namespace {

constexpr std::size_t kMostFile = 256 << 20;

}  // namespace

Result<LogDirectory> LogDirectory::open(const std::string& path) {
    return LogDirectory(TRY_WITH(sys::open_dir(sys::kHere, path), "open the log"));
}

Result<std::string> LogDirectory::read(const std::string& name) const {
    auto file = TRY(sys::open_beneath(directory_, name, O_RDONLY | O_NONBLOCK));
    auto found = TRY(sys::stat_fd(file));
    if (!S_ISREG(found.st_mode)) return fail(Code::failed, "'{}' in the log is no ordinary file", name);
    return sys::read_all(file, kMostFile);
}

Result<std::vector<std::uint64_t>> LogDirectory::segments() const {
    std::vector<std::uint64_t> segments;
    for (const auto& name : TRY(sys::list_dir(directory_))) {
        auto number = base::parse_number(std::string_view(name).substr(0, name.find('.')));
        if (number && name == segment_name(*number, kRecordsEnding).data()) segments.push_back(*number);
    }
    if (!segments.empty() && !TRY(is_begun(segments.back()))) segments.pop_back();
    return segments;
}

Result<bool> LogDirectory::is_begun(std::uint64_t segment) const {
    auto file = sys::open_beneath(directory_, segment_name(segment, kRecordsEnding).data(), O_RDONLY | O_NONBLOCK);
    if (!file) return true;  // whoever reads it will say why
    return TRY(sys::stat_fd(*file)).st_size > 0;
}

Result<std::string> LogDirectory::records(std::uint64_t segment) const { return read(segment_name(segment, kRecordsEnding).data()); }
Result<std::string> LogDirectory::notes(std::uint64_t segment) const { return read(segment_name(segment, kNotesEnding).data()); }
Result<std::string> LogDirectory::chain() const { return read(kChainFile); }

Result<std::optional<SealState>> LogDirectory::seal() const {
    auto bytes = TRY(read(kSealFile));
    SealState state;
    if (bytes.size() != sizeof state) return std::optional<SealState>();
    std::memcpy(&state, bytes.data(), sizeof state);
    return state.is_sound() ? std::optional(state) : std::nullopt;
}

std::optional<SegmentHead> read_segment_head(std::string_view file) {
    SegmentHead head;
    if (file.size() < sizeof head) return std::nullopt;
    auto expected = head.magic;
    std::memcpy(&head, file.data(), sizeof head);
    return head.magic == expected ? std::optional(head) : std::nullopt;
}

}  // namespace vs::log
