#include "storage/server_number.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "sys/file.hpp"

namespace vs::storage {

namespace {

constexpr std::uint64_t kIdsOfAServer = 65536;
constexpr std::uint64_t kIdsEnd = std::uint64_t{1} << 32;

std::optional<std::uint32_t> id_at(const std::vector<std::string_view>& fields, std::size_t index) {
    auto value = index < fields.size() ? base::parse_number(fields[index]) : std::nullopt;
    if (!value || *value >= kIdsEnd) return std::nullopt;
    return static_cast<std::uint32_t>(*value);
}

bool overlaps(model::ServerNumber number, const IdRange& range) {
    std::uint64_t first = number.first_id();
    return range.first < first + kIdsOfAServer && first < std::uint64_t{range.first} + range.count;
}

Result<std::string> read_or_empty(const std::string& path) {
    auto text = sys::read_file(sys::kHere, path, 64 << 20);
    if (!text && text.error().errno_value == ENOENT) return std::string();
    return text;
}

void append(std::vector<IdRange>& to, std::vector<IdRange> more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace

std::vector<IdRange> parse_subordinate_ids(std::string_view text) {
    std::vector<IdRange> ranges;
    for (auto line : base::split(text, '\n')) {
        auto fields = base::split(base::trim(line), ':');
        auto first = id_at(fields, 1);
        auto count = id_at(fields, 2);
        if (first && count) ranges.push_back({*first, *count});
    }
    return ranges;
}

std::vector<IdRange> parse_account_ids(std::string_view text) {
    std::vector<IdRange> ranges;
    for (auto line : base::split(text, '\n')) {
        auto id = id_at(base::split(line, ':'), 2);
        if (id && *id >= model::ServerNumber{0}.first_id()) ranges.push_back({*id, 1});
    }
    return ranges;
}

Result<std::vector<IdRange>> foreign_ids() {
    std::vector<IdRange> ranges;
    for (const char* path : {"/etc/subuid", "/etc/subgid"}) append(ranges, parse_subordinate_ids(TRY(read_or_empty(path))));
    for (const char* path : {"/etc/passwd", "/etc/group"}) append(ranges, parse_account_ids(TRY(read_or_empty(path))));
    return ranges;
}

std::optional<model::ServerNumber> lowest_free_number(const std::vector<model::ServerNumber>& used,
                                                      const std::vector<IdRange>& foreign) {
    for (model::ServerNumber number; number.value <= model::ServerNumber::kMost; ++number.value) {
        bool taken = std::find(used.begin(), used.end(), number) != used.end();
        auto clash = [&](const IdRange& range) { return overlaps(number, range); };
        if (!taken && std::none_of(foreign.begin(), foreign.end(), clash)) return number;
    }
    return std::nullopt;
}

}  // namespace vs::storage
