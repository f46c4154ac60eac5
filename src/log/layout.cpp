#include "log/layout.hpp"

#include <algorithm>
#include <cstddef>

namespace vs::log {

SegmentName segment_name(std::uint64_t segment, std::string_view ending) {
    SegmentName name{};
    constexpr std::size_t kDigits = 8;
    for (std::size_t i = kDigits; i > 0; --i, segment /= 10) name[i - 1] = static_cast<char>('0' + segment % 10);
    std::copy_n(ending.data(), std::min(ending.size(), name.size() - kDigits - 1), name.data() + kDigits);
    return name;
}

std::optional<Frontier> SegmentHead::frontier() const {
    if (size >> (kMostPeaks - 1) != 0) return std::nullopt;
    const auto count = static_cast<std::size_t>(std::popcount(size));
    if (std::any_of(peaks.begin() + count, peaks.end(), [](const Hash& unused) { return unused != Hash{}; })) return std::nullopt;
    return Frontier::restore(size, {peaks.data(), count});
}

std::optional<Frontier> SealState::frontier() const {
    return Frontier::restore(size, {peaks.data(), static_cast<std::size_t>(std::popcount(size))});
}

Hash SealState::sum() const { return leaf_hash({reinterpret_cast<const char*>(this), offsetof(SealState, check)}); }

bool SealState::is_sound() const {
    return magic == SealState().magic && check == sum() && phase <= Phase::ended &&
           size >> (kMostPeaks - 1) == 0 && origin.back() == '\0' && origin.front() != '\0';
}

}  // namespace vs::log
