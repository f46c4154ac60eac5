#include "log/hash.hpp"

#include <sodium.h>

#include <initializer_list>

#include "log/sha_instructions.hpp"

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

/// Asked once, by who hashes: in a virtual machine the question costs more than a hash.
bool by_instructions() {
    static const bool has = has_sha_instructions();
    return has;
}

Hash sha256(std::initializer_list<std::string_view> parts) {
    if (by_instructions()) return sha256_by_instructions({parts.begin(), parts.size()});
    Sha256 sha;
    for (auto part : parts) sha.add(part);
    return sha.finish();
}

constexpr std::string_view kLeaf("\0", 1);
constexpr std::string_view kNode("\1", 1);

}  // namespace

Hash leaf_hash(std::string_view bytes) { return sha256({kLeaf, bytes}); }
Hash leaf_hash(std::string_view head, std::string_view rest) { return sha256({kLeaf, head, rest}); }
Hash node_hash(const Hash& left, const Hash& right) { return sha256({kNode, bytes_of(left), bytes_of(right)}); }
Hash empty_hash() { return sha256({}); }

}  // namespace vs::log
