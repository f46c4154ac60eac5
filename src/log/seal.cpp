#include "log/seal.hpp"

#include <sodium.h>

namespace vs::log {

namespace {

const unsigned char* raw(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// Its secret half is wiped.
struct KeyPair {
    PublicKey open;
    std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> secret;

    explicit KeyPair(const Seed& seed) { ::crypto_sign_seed_keypair(open.data(), secret.data(), seed.bytes().data()); }
    ~KeyPair() { ::sodium_memzero(secret.data(), secret.size()); }
    KeyPair(const KeyPair&) = delete;
    KeyPair& operator=(const KeyPair&) = delete;
};

}  // namespace

PublicKey Seed::public_key() const { return KeyPair(*this).open; }

Signature Seed::sign(std::string_view text) const {
    Signature signature;
    ::crypto_sign_detached(signature.data(), nullptr, raw(text), text.size(), KeyPair(*this).secret.data());
    return signature;
}

Seed Seed::derive(std::string_view purpose) const {
    crypto_hash_sha256_state state;
    std::array<std::uint8_t, 32> bytes;
    ::crypto_hash_sha256_init(&state);
    ::crypto_hash_sha256_update(&state, raw(purpose), purpose.size());
    ::crypto_hash_sha256_update(&state, bytes_.data(), bytes_.size());
    ::crypto_hash_sha256_final(&state, bytes.data());
    Seed seed(bytes);
    ::sodium_memzero(&state, sizeof state);
    ::sodium_memzero(bytes.data(), bytes.size());
    return seed;
}

void Seed::wipe() { ::sodium_memzero(bytes_.data(), bytes_.size()); }

bool is_signature(const Signature& signature, std::string_view text, const PublicKey& key) {
    return ::crypto_sign_verify_detached(signature.data(), raw(text), text.size(), key.data()) == 0;
}

}  // namespace vs::log
