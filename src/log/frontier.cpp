#include "log/frontier.hpp"

#include <algorithm>

namespace vs::log {

std::optional<Frontier> Frontier::restore(std::uint64_t size, std::span<const Hash> peaks) {
    Frontier frontier;
    frontier.size_ = size;
    if (size >> (kMostPeaks - 1) != 0 || peaks.size() != frontier.count()) return std::nullopt;
    std::copy(peaks.begin(), peaks.end(), frontier.peaks_.begin());
    return frontier;
}

/// Each bit of the size that a new leaf carries over is two subtrees that become one.
void Frontier::append(const Hash& leaf) {
    std::size_t last = count();
    peaks_[last] = leaf;
    for (std::uint64_t bit = 1; (size_ & bit) != 0; bit <<= 1, --last) peaks_[last - 1] = node_hash(peaks_[last - 1], peaks_[last]);
    ++size_;
}

Hash Frontier::root() const {
    if (size_ == 0) return empty_hash();
    std::size_t next = count() - 1;
    Hash root = peaks_[next];
    while (next > 0) root = node_hash(peaks_[--next], root);
    return root;
}

}  // namespace vs::log
