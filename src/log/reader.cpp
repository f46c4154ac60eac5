#include "log/reader.hpp"

namespace vs::log {

Result<> Reader::read(const std::function<void(const Record&)>& visit) {
    for (auto segment : TRY(directory_.segments()))
        if (segment >= segment_) TRY(read_segment(segment, visit));
    return {};
}

Result<> Reader::read_segment(std::uint64_t segment, const std::function<void(const Record&)>& visit) {
    auto file = TRY(directory_.records(segment));
    if (segment != segment_) offset_ = sizeof(SegmentHead);
    segment_ = segment;
    std::string_view bytes(file);
    bytes.remove_prefix(std::min(offset_, bytes.size()));
    while (auto record = read_record(bytes).record) {
        visit(*record);
        const auto length = *record_length(bytes);
        offset_ += length;
        bytes.remove_prefix(length);
    }
    return {};
}

}  // namespace vs::log
