#include "storage/digest.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>

namespace vs::storage {

std::string sha256_hex(std::string_view data) {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest;
    ::crypto_hash_sha256(digest.data(), reinterpret_cast<const unsigned char*>(data.data()), data.size());
    std::string out;
    for (unsigned char byte : digest) out += fmt::format("{:02x}", byte);
    return out;
}

}  // namespace vs::storage
