#include "log/hash.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <random>
#include <string>

#include "log/sha_instructions.hpp"

namespace vs::log {
namespace {

Hash by_sodium(std::string_view bytes) {
    Hash hash;
    ::crypto_hash_sha256(hash.data(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    return hash;
}

std::string random_text(std::mt19937_64& random, std::size_t size) {
    std::string text(size, '\0');
    for (auto& letter : text) letter = static_cast<char>(random());
    return text;
}

TEST(hash, by_instructions_is_the_same_for_every_length_and_however_it_is_divided) {
    if (!has_sha_instructions()) GTEST_SKIP() << "this processor has none";
    std::mt19937_64 random(20261129);
    for (std::size_t size = 0; size < 520; ++size) {
        const auto text = random_text(random, size);
        const std::string_view all(text);
        const auto first = size == 0 ? 0 : random() % size, second = first + (size == first ? 0 : random() % (size - first));
        const std::array parts{all.substr(0, first), all.substr(first, second - first), all.substr(second)};
        ASSERT_EQ(sha256_by_instructions(parts), by_sodium(text)) << size;
    }
    const auto large = random_text(random, 100'000);
    EXPECT_EQ(sha256_by_instructions({{large}}), by_sodium(large));
}

TEST(hash, is_that_of_rfc_6962) {
    EXPECT_EQ(leaf_hash("", "x"), by_sodium(std::string_view("\0x", 2)));
    EXPECT_EQ(leaf_hash("x"), leaf_hash("x", ""));
    const auto left = leaf_hash("l"), right = leaf_hash("r");
    EXPECT_EQ(node_hash(left, right), by_sodium("\1" + std::string(bytes_of(left)) + std::string(bytes_of(right))));
    EXPECT_EQ(empty_hash(), by_sodium(""));
}

}  // namespace
}  // namespace vs::log
