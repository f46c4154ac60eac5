#include "storage/ssh_key.hpp"

#include <sodium.h>

#include <array>

#include "sys/random.hpp"

namespace vs::storage {

namespace {

const std::string kType = "ssh-ed25519";

std::string big_endian(std::size_t value) {
    std::string out;
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
    return out;
}

/// RFC 4251's "string": length and bytes.
std::string field(const std::string& bytes) { return big_endian(bytes.size()) + bytes; }

std::string base64(const std::string& bytes) {
    constexpr int kVariant = sodium_base64_VARIANT_ORIGINAL;
    std::string out(sodium_base64_ENCODED_LEN(bytes.size(), kVariant), '\0');
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    ::sodium_bin2base64(out.data(), out.size(), data, bytes.size(), kVariant);
    out.pop_back();  // sodium counts the terminating zero
    return out;
}

std::string wrapped(const std::string& text) {
    constexpr std::size_t kColumns = 70;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += kColumns) out += text.substr(at, kColumns) + "\n";
    return out;
}

std::string as_text(const unsigned char* bytes, std::size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

/// The part that a passphrase would encrypt. `check` is there twice so that a wrong passphrase is noticed.
std::string private_section(const std::string& public_key, const std::string& secret_key, const std::string& comment) {
    std::string check = public_key.substr(0, 4);  // any value: nothing is encrypted
    std::string out = check + check + field(kType) + field(public_key) + field(secret_key) + field(comment);
    for (char padding = 1; out.size() % 8 != 0; ++padding) out += padding;
    return out;
}

}  // namespace

Result<SshKey> make_ssh_host_key(const std::string& comment) {
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> public_bytes;
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret_bytes;
    std::string seed = TRY(sys::random_bytes(crypto_sign_SEEDBYTES));
    ::crypto_sign_seed_keypair(public_bytes.data(), secret_bytes.data(), reinterpret_cast<const unsigned char*>(seed.data()));
    std::string public_key = as_text(public_bytes.data(), public_bytes.size());
    std::string secret_key = as_text(secret_bytes.data(), secret_bytes.size());

    std::string public_blob = field(kType) + field(public_key);
    std::string none = field("none");
    std::string envelope = std::string("openssh-key-v1") + '\0' + none + none + field("") + big_endian(1) + field(public_blob) +
                           field(private_section(public_key, secret_key, comment));
    SshKey key;
    key.private_file = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + wrapped(base64(envelope)) + "-----END OPENSSH PRIVATE KEY-----\n";
    key.public_file = fmt::format("{} {} {}\n", kType, base64(public_blob), comment);
    return key;
}

}  // namespace vs::storage
