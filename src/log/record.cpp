#include "log/record.hpp"

#include <algorithm>
#include <cstring>

namespace vs::log {

namespace {

constexpr char kFormat = 1;

template <typename Number>
void put(char* to, Number value) {
    for (std::size_t i = 0; i < sizeof value; ++i) to[i] = static_cast<char>((value >> (8 * i)) & 0xff);
}

template <typename Number>
Number get(const char* from) {
    Number value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i) value |= static_cast<Number>(Number{static_cast<unsigned char>(from[i])} << (8 * i));
    return value;
}

template <typename Enumerator>
char byte_of(Enumerator value) {
    return static_cast<char>(value);
}

/// Nothing where a byte stands for none of the words above.
std::optional<Head> read_head(const char* bytes) {
    auto kind = static_cast<std::uint8_t>(bytes[5]), source = static_cast<std::uint8_t>(bytes[6]), flag = static_cast<std::uint8_t>(bytes[7]);
    if (bytes[4] != kFormat || kind < 1 || kind > 5 || source > 5 || flag > 2) return std::nullopt;
    Head head;
    head.kind = Kind{kind};
    head.source = Source{source};
    head.flag = Flag{flag};
    head.sequence = get<std::uint64_t>(bytes + 8);
    head.realtime = get<std::uint64_t>(bytes + 16);
    head.boottime = get<std::uint64_t>(bytes + 24);
    std::memcpy(head.boot.data(), bytes + 32, head.boot.size());
    head.claimed_pid = get<std::uint32_t>(bytes + 48);
    head.claimed_uid = get<std::uint32_t>(bytes + 52);
    return head;
}

}  // namespace

HeadBytes write_head(const Head& head, std::size_t payload_size) {
    HeadBytes bytes{};
    put(bytes.data(), static_cast<std::uint32_t>(kHeadSize + payload_size + kCheckSize));
    bytes[4] = kFormat;
    bytes[5] = byte_of(head.kind);
    bytes[6] = byte_of(head.source);
    bytes[7] = byte_of(head.flag);
    put(bytes.data() + 8, head.sequence);
    put(bytes.data() + 16, head.realtime);
    put(bytes.data() + 24, head.boottime);
    std::memcpy(bytes.data() + 32, head.boot.data(), head.boot.size());
    put(bytes.data() + 48, head.claimed_pid);
    put(bytes.data() + 52, head.claimed_uid);
    return bytes;
}

bool is_from_socket(std::string_view bytes) {
    constexpr std::size_t kKind = 5, kSource = 6;
    return bytes.size() > kSource && bytes[kKind] == byte_of(Kind::text) && bytes[kSource] != byte_of(Source::console);
}

std::optional<std::size_t> record_length(std::string_view bytes) {
    if (bytes.size() < 4) return std::nullopt;
    std::size_t length = get<std::uint32_t>(bytes.data());
    if (length < kHeadSize + kCheckSize || length > kMostRecord) return std::nullopt;
    return length;
}

ReadRecord read_record(std::string_view bytes) {
    if (bytes.size() < 4) return {std::nullopt, RecordError::incomplete};
    auto length = record_length(bytes);
    if (!length) return {std::nullopt, RecordError::malformed};
    if (bytes.size() < *length) return {std::nullopt, RecordError::incomplete};
    auto head = read_head(bytes.data());
    if (!head) return {std::nullopt, RecordError::malformed};
    const std::string_view body(bytes.data(), *length - kCheckSize);  // substr() can throw, and brings what that needs
    Record record{*head, {body.data() + kHeadSize, body.size() - kHeadSize}, leaf_hash(body)};
    bool fits = std::memcmp(record.leaf.data(), body.data() + body.size(), kCheckSize) == 0;
    if (!fits) return {std::nullopt, RecordError::damaged};
    return {record, {}};
}

std::array<char, kGapSize> write_gap(const Gap& gap) {
    std::array<char, kGapSize> bytes{};
    put(bytes.data(), gap.records);
    put(bytes.data() + 8, gap.bytes);
    put(bytes.data() + 16, gap.first);
    put(bytes.data() + 24, gap.last);
    bytes[32] = byte_of(gap.cause);
    return bytes;
}

std::optional<Gap> read_gap(std::string_view payload) {
    if (payload.size() != kGapSize) return std::nullopt;
    auto cause = static_cast<std::uint8_t>(payload[32]);
    if (cause < 1 || cause > 5) return std::nullopt;
    auto number = [&](std::size_t at) { return get<std::uint64_t>(payload.data() + at); };
    return Gap{number(0), number(8), number(16), number(24), Cause{cause}};
}

std::array<char, kFoundSize> write_found(const Found& found) {
    std::array<char, kFoundSize> bytes{};
    put(bytes.data(), found.records);
    return bytes;
}

std::optional<Found> read_found(std::string_view payload) {
    if (payload.size() != kFoundSize) return std::nullopt;
    return Found{get<std::uint64_t>(payload.data())};
}

}  // namespace vs::log
