#include "log/hash.hpp"

#include <sodium.h>

namespace vs::log {

namespace {

class Sha256 {
  public:
    Sha256() { ::crypto_hash_sha256_init(&state_); }
    void add(std::string_view bytes) {
        ::crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
    }
    Hash finish() {
        Hash hash;
        ::crypto_hash_sha256_final(&state_, hash.data());
        return hash;
    }

  private:
    crypto_hash_sha256_state state_;
};

constexpr std::string_view kLeaf("\0", 1);
constexpr std::string_view kNode("\1", 1);

}  // namespace

Hash leaf_hash(std::string_view bytes) { return leaf_hash(bytes, {}); }

Hash leaf_hash(std::string_view head, std::string_view rest) {
    Sha256 sha;
    sha.add(kLeaf);
    sha.add(head);
    sha.add(rest);
    return sha.finish();
}

Hash node_hash(const Hash& left, const Hash& right) {
    Sha256 sha;
    sha.add(kNode);
    sha.add(bytes_of(left));
    sha.add(bytes_of(right));
    return sha.finish();
}

Hash empty_hash() { return Sha256().finish(); }

}  // namespace vs::log
