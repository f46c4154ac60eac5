#include "log/note.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "log/base64.hpp"

namespace vs::log {

namespace {

void add_tree(NoteText& text, const TreeHead& tree) {
    text.add(tree.origin).add("\n").add(tree.size).add("\n").add_base64(tree.root).add("\n");
}

}  // namespace

NoteText& NoteText::add(std::string_view text) {
    std::size_t count = std::min(text.size(), text_.size() - size_);
    std::copy_n(text.data(), count, text_.data() + size_);
    size_ += count;
    return *this;
}

NoteText& NoteText::add(std::uint64_t number) {
    std::array<char, 20> digits;
    auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return add(std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data())));
}

NoteText& NoteText::add_base64(std::span<const std::uint8_t> bytes) {
    std::array<char, base64_size(kSignedBytes)> text{};
    write_base64(bytes, text.data());
    return add({text.data(), base64_size(bytes.size())});
}

NoteText& NoteText::add_hex(std::span<const std::uint8_t> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (auto byte : bytes) {
        const std::array pair{kDigits[byte >> 4], kDigits[byte & 15]};
        add({pair.data(), pair.size()});
    }
    return *this;
}

NoteText write_body(const Checkpoint& checkpoint) {
    NoteText text;
    add_tree(text, checkpoint.tree);
    text.add("checkpoint ").add(checkpoint.segment).add(" ").add(checkpoint.index);
    text.add("\ntime ").add(checkpoint.from).add(" ").add(checkpoint.until);
    text.add("\nboot ").add_hex(checkpoint.boot).add(" ").add(checkpoint.boottime);
    if (checkpoint.next) text.add("\nnext ").add_base64(*checkpoint.next).add("\n");
    else text.add("\nfinal\n");
    return text;
}

NoteText write_body(const Opening& opening) {
    NoteText text;
    add_tree(text, opening.tree);
    text.add("segment ").add(opening.segment).add(" ").add(opening.bytes).add(" ").add(opening.limit).add(" ").add(opening.keep);
    text.add("\nfirst ").add_base64(opening.first).add("\nnext ").add_base64(opening.next).add("\n");
    return text;
}

std::array<std::uint8_t, 4> key_id(std::string_view name, const PublicKey& key) {
    crypto_hash_sha256_state state;
    constexpr std::array<unsigned char, 2> kEd25519{'\n', 1};
    Hash hash;
    ::crypto_hash_sha256_init(&state);
    ::crypto_hash_sha256_update(&state, reinterpret_cast<const unsigned char*>(name.data()), name.size());
    ::crypto_hash_sha256_update(&state, kEd25519.data(), kEd25519.size());
    ::crypto_hash_sha256_update(&state, key.data(), key.size());
    ::crypto_hash_sha256_final(&state, hash.data());
    return {hash[0], hash[1], hash[2], hash[3]};
}

NoteText signed_note(NoteText body, std::string_view name, const Seed& seed) {
    const auto id = key_id(name, seed.public_key());
    const auto signature = seed.sign(body.text());
    std::array<std::uint8_t, kSignedBytes> both;
    std::copy(id.begin(), id.end(), both.begin());
    std::copy(signature.begin(), signature.end(), both.begin() + id.size());
    body.add("\n").add(kSignatureMark).add(name).add(" ").add_base64(both).add("\n");
    return body;
}

}  // namespace vs::log
