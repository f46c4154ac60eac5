#include "log/sha_instructions.hpp"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#include <algorithm>
#include <cstring>

#define VS_SHA __attribute__((target("sha,sse4.1")))

namespace vs::log {

namespace {

constexpr std::size_t kBlock = 64;

// FIPS 180-4, 4.2.2.
alignas(16) constexpr std::array<std::uint32_t, 64> kRoundConstants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

class Sha256 {
  public:
    VS_SHA void add(std::string_view bytes) {
        length_ += bytes.size();
        while (!bytes.empty()) {
            const auto count = std::min(bytes.size(), kBlock - used_);
            std::memcpy(block_.data() + used_, bytes.data(), count);
            bytes.remove_prefix(count);
            used_ += count;
            if (used_ == kBlock) compress();
        }
    }
    VS_SHA Hash finish() {
        const std::uint64_t bits = __builtin_bswap64(length_ * 8);
        block_[used_++] = 0x80;
        if (used_ > kBlock - sizeof bits) fill(kBlock);
        fill(kBlock - sizeof bits);
        std::memcpy(block_.data() + used_, &bits, sizeof bits);
        compress();
        const auto first = _mm_unpackhi_epi64(cdgh_, abef_), last = _mm_unpacklo_epi64(cdgh_, abef_);
        Hash hash;
        store(hash.data(), first);
        store(hash.data() + 16, last);
        return hash;
    }

  private:
    VS_SHA void fill(std::size_t end) {
        std::memset(block_.data() + used_, 0, end - used_);
        used_ = end;
        if (used_ == kBlock) compress();
    }
    /// Four words, the highest first, as bytes.
    VS_SHA static void store(std::uint8_t* to, __m128i words) {
        const auto backwards = _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(words, backwards));
    }
    /// Four rounds a turn; from the fifth turn on w[t] comes from w[t-16], w[t-12], w[t-8] and w[t-4], of four words each.
    VS_SHA void compress() {
        const auto big_endian = _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3);
        const auto* block = reinterpret_cast<const __m128i*>(block_.data());
        const auto* constants = reinterpret_cast<const __m128i*>(kRoundConstants.data());
        const auto abef = abef_, cdgh = cdgh_;
        __m128i w[4];
#pragma GCC unroll 16
        for (std::size_t t = 0; t < 16; ++t) {
            auto& word = w[t % 4];
            if (t < 4) {
                word = _mm_shuffle_epi8(_mm_load_si128(block + t), big_endian);
            } else {
                const auto& last = w[(t + 3) % 4];
                const auto sum = _mm_add_epi32(_mm_sha256msg1_epu32(word, w[(t + 1) % 4]), _mm_alignr_epi8(last, w[(t + 2) % 4], 4));
                word = _mm_sha256msg2_epu32(sum, last);
            }
            const auto keyed = _mm_add_epi32(word, _mm_load_si128(constants + t));
            cdgh_ = _mm_sha256rnds2_epu32(cdgh_, abef_, keyed);
            abef_ = _mm_sha256rnds2_epu32(abef_, cdgh_, _mm_shuffle_epi32(keyed, 0x0e));
        }
        abef_ = _mm_add_epi32(abef_, abef);
        cdgh_ = _mm_add_epi32(cdgh_, cdgh);
        used_ = 0;
    }

    // FIPS 180-4, 5.3.3, in the order that the instructions want.
    __m128i abef_ = _mm_set_epi32(0x6a09e667, static_cast<int>(0xbb67ae85), 0x510e527f, static_cast<int>(0x9b05688c));
    __m128i cdgh_ = _mm_set_epi32(0x3c6ef372, static_cast<int>(0xa54ff53a), 0x1f83d9ab, 0x5be0cd19);
    alignas(16) std::array<std::uint8_t, kBlock> block_;
    std::size_t used_ = 0;
    std::uint64_t length_ = 0;
};

}  // namespace

bool has_sha_instructions() {
    unsigned a = 0, b = 0, c = 0, d = 0;
    const bool has_sse = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_1) != 0;
    return has_sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

VS_SHA Hash sha256_by_instructions(std::span<const std::string_view> parts) {
    Sha256 sha;
    for (auto part : parts) sha.add(part);
    return sha.finish();
}

}  // namespace vs::log

#else

namespace vs::log {

bool has_sha_instructions() { return false; }
Hash sha256_by_instructions(std::span<const std::string_view>) { return {}; }

}  // namespace vs::log

#endif
