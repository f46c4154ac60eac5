#include "guard/seal.hpp"

#include <fcntl.h>
#include <sodium.h>

#include <array>
#include <cerrno>

#include "base/text.hpp"
#include "sys/file.hpp"
#include "sys/random.hpp"

namespace vs::guard {

namespace {

constexpr std::string_view kHeader = "vserver-guard 1";
constexpr const char* kKeyFile = "key";
constexpr std::size_t kSeed = crypto_sign_SEEDBYTES;

struct Keys {
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> open{};
    std::array<unsigned char, crypto_sign_SECRETKEYBYTES> secret{};
    explicit Keys(const std::string& seed) {
        (void)::crypto_sign_seed_keypair(open.data(), secret.data(), reinterpret_cast<const unsigned char*>(seed.data()));
    }
    Keys(const Keys&) = delete;
    Keys& operator=(const Keys&) = delete;
    ~Keys() { ::sodium_memzero(secret.data(), secret.size()); }
};

template <std::size_t N>
std::string hex(const std::array<unsigned char, N>& bytes) {
    std::array<char, 2 * N + 1> text{};
    return ::sodium_bin2hex(text.data(), text.size(), bytes.data(), N);
}

std::string signed_text(std::string_view purpose, std::string_view text) { return fmt::format("{} {}\n{}", kHeader, purpose, text); }

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Result<std::string> read_or_make_seed(const sys::DirFd& dir) {
    auto lock = TRY(sys::lock_file(dir, "lock", sys::LockWait::wait));
    auto seed = sys::read_file(dir, kKeyFile, kSeed);
    if (seed && seed->size() == kSeed) return seed;
    if (seed) return fail(Code::failed, "the guard's key is damaged");
    if (seed.error().errno_value != ENOENT) return seed;
    auto fresh = TRY(sys::random_bytes(kSeed));
    TRY(sys::replace_file(dir, kKeyFile, fresh, 0600, sys::Durability::synced));
    return fresh;
}

}  // namespace

Result<Seal> Seal::open(const storage::Store& store) {
    auto path = store.path() + "/guard";
    TRY(sys::make_dirs(path, 0700));
    auto dir = TRY(sys::open_dir(sys::kHere, path));
    return Seal(TRY_WITH(read_or_make_seed(dir), "open the guard's key"));
}

std::string Seal::sign(std::string_view purpose, std::string_view text) const {
    Keys keys(seed_);
    auto message = signed_text(purpose, text);
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    (void)::crypto_sign_detached(signature.data(), nullptr, bytes(message), message.size(), keys.secret.data());
    return fmt::format("{} {} {}\n{}", kHeader, hex(keys.open), hex(signature), text);
}

Result<std::string> Seal::verify(std::string_view purpose, std::string_view sealed) const {
    Keys keys(seed_);
    auto end = sealed.find('\n');
    auto words = base::split(sealed.substr(0, end), ' ');
    if (end == std::string_view::npos || words.size() != 4 || fmt::format("{} {}", words[0], words[1]) != kHeader)
        return fail(Code::failed, "it is not signed");
    if (words[2] != hex(keys.open)) return fail(Code::failed, "another machine signed it");
    std::array<unsigned char, crypto_sign_BYTES> signature{};
    std::size_t length = 0;
    (void)::sodium_hex2bin(signature.data(), signature.size(), words[3].data(), words[3].size(), nullptr, &length, nullptr);
    auto text = sealed.substr(end + 1);
    auto message = signed_text(purpose, text);
    bool good = length == signature.size() && ::crypto_sign_verify_detached(signature.data(), bytes(message), message.size(), keys.open.data()) == 0;
    if (!good) return fail(Code::failed, "its signature is wrong: it was changed after it was written");
    return std::string(text);
}

}  // namespace vs::guard
