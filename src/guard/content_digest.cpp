#include "guard/content_digest.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include "sys/content.hpp"

namespace vs::guard {

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 18;  // stays in a processor's second cache
constexpr std::size_t kAlignment = 4096, kLargestUnit = 65536;  // what O_DIRECT wants of memory, and of lengths, at most

class Hash {
  public:
    Hash() { (void)::crypto_generichash_init(&state_, nullptr, 0, crypto_generichash_BYTES); }
    void add(std::span<const unsigned char> data) { (void)::crypto_generichash_update(&state_, data.data(), data.size()); }
    void add(std::string_view text) { add({reinterpret_cast<const unsigned char*>(text.data()), text.size()}); }
    void add(std::uint64_t number) {
        std::array<unsigned char, sizeof number> bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(number >> (8 * i));
        add(bytes);
    }
    std::string hex() {
        std::array<unsigned char, crypto_generichash_BYTES> digest{};
        std::array<char, 2 * crypto_generichash_BYTES + 1> text{};
        (void)::crypto_generichash_final(&state_, digest.data(), digest.size());
        return ::sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
    }

  private:
    crypto_generichash_state state_;
};

/// Ends at the first byte that is not, unlike sodium_is_zero(): nothing here is a secret.
bool is_zero(std::span<const unsigned char> block) {
    return block.empty() || (block[0] == 0 && std::memcmp(block.data(), block.data() + 1, block.size() - 1) == 0);
}

}  // namespace

struct ContentReader::Blocks {
    alignas(kAlignment) std::array<unsigned char, kBlock> cached;
    alignas(kAlignment) std::array<unsigned char, kBlock> stored;
};

ContentReader::ContentReader() : blocks_(std::make_unique<Blocks>()) {}
ContentReader::~ContentReader() = default;

Result<> ReadBudget::take(std::uint64_t count) {
    if (count > bytes) return fail(Code::busy, "there is more to read than the scan may");
    bytes -= count;
    return {};
}

/// O_DIRECT takes whole blocks. No more of them than there are: behind the end of a file the kernel writes zeros.
Result<bool> ContentReader::is_stored(const Copies& file, std::span<const unsigned char> block, std::uint64_t at, ReadBudget& budget) {
    if (!file.stored) return true;
    const auto whole = (block.size() + kLargestUnit - 1) / kLargestUnit * kLargestUnit;
    const auto count = TRY(sys::read_at(*file.stored, std::span(blocks_->stored).first(whole), at));
    TRY(budget.take(block.size()));
    return count >= block.size() && std::memcmp(block.data(), blocks_->stored.data(), block.size()) == 0;
}

Result<Content> ContentReader::read(const Copies& file, std::uint64_t length, ReadBudget& budget) {
    Hash hash;
    bool agrees = true;
    hash.add(length);
    for (std::uint64_t at = 0; at < length; at += kBlock) {
        auto data = TRY(sys::next_data(file.cached, at));
        if (!data || *data >= length) break;
        at = *data / kBlock * kBlock;  // blocks lie where they lie, wherever the holes are
        std::span<unsigned char> room(blocks_->cached.data(), std::min<std::uint64_t>(kBlock, length - at));
        auto block = room.first(TRY(sys::read_at(file.cached, room, at)));
        TRY(budget.take(block.size()));
        agrees = TRY(is_stored(file, block, at, budget)) && agrees;
        if (is_zero(block)) continue;
        hash.add(at);
        hash.add(block);
    }
    return Content{hash.hex(), agrees};
}

std::string digest_of_pairs(const std::vector<std::pair<std::string, std::string>>& pairs) {
    if (pairs.empty()) return {};
    Hash hash;
    for (const auto& [name, value] : pairs) {
        hash.add(name.size());
        hash.add(name);
        hash.add(value.size());
        hash.add(value);
    }
    return hash.hex();
}

std::string digest_of_text(std::string_view text) {
    Hash hash;
    hash.add(text);
    return hash.hex();
}

}  // namespace vs::guard
