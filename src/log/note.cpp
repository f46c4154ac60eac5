#include "log/note.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "log/base64.hpp"

namespace vs::log {

namespace {

constexpr std::string_view kDash = "\u2014 ";  // an em dash: signed-note has it
constexpr std::size_t kSigned = 4 + std::tuple_size_v<Signature>;

void add_tree(NoteText& text, const TreeHead& tree) {
    text.add(tree.origin).add("\n").add(tree.size).add("\n").add_base64(tree.root).add("\n");
}

/// Takes a text apart; once something was not there, nothing is.
class Words {
  public:
    explicit Words(std::string_view text) : text_(text) {}

    void skip(std::string_view expected) {
        good_ = good_ && text_.starts_with(expected);
        if (good_) text_.remove_prefix(expected.size());
    }
    bool skip_if(std::string_view expected) {
        if (!good_ || !text_.starts_with(expected)) return false;
        text_.remove_prefix(expected.size());
        return true;
    }
    /// Up to the next blank or newline, which stays.
    std::string_view word() {
        auto end = std::min(text_.find_first_of(" \n"), text_.size());
        auto word = text_.substr(0, end);
        good_ = good_ && !word.empty();
        if (good_) text_.remove_prefix(end);
        return word;
    }
    std::uint64_t number() {
        auto digits = word();
        std::uint64_t value = 0;
        auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        good_ = good_ && error == std::errc{} && end == digits.data() + digits.size();
        return value;
    }
    void base64(std::span<std::uint8_t> to) { good_ = good_ && read_base64(word(), to); }
    void hex(std::span<std::uint8_t> to) {
        auto digits = word();
        good_ = good_ && digits.size() == 2 * to.size();
        for (std::size_t i = 0; good_ && i < to.size(); ++i) {
            auto [end, error] = std::from_chars(digits.data() + 2 * i, digits.data() + 2 * i + 2, to[i], 16);
            good_ = error == std::errc{} && end == digits.data() + 2 * i + 2;
        }
    }
    TreeHead tree() {
        TreeHead tree;
        tree.origin = word();
        good_ = good_ && tree.origin.size() <= kMostOrigin;
        skip("\n");
        tree.size = number();
        skip("\n");
        base64(tree.root);
        skip("\n");
        return tree;
    }
    [[nodiscard]] bool at_end() const { return good_ && text_.empty(); }

  private:
    std::string_view text_;
    bool good_ = true;
};

/// One spelling only: numbers without leading zeros, digits in lower case.
template <typename Note>
std::optional<Note> if_canonical(const Words& words, const Note& note, std::string_view body) {
    if (!words.at_end() || write_body(note).text() != body) return std::nullopt;
    return note;
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
    std::array<char, base64_size(kSigned)> text{};
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
    std::array<std::uint8_t, kSigned> both;
    std::copy(id.begin(), id.end(), both.begin());
    std::copy(signature.begin(), signature.end(), both.begin() + id.size());
    body.add("\n").add(kDash).add(name).add(" ").add_base64(both).add("\n");
    return body;
}

std::optional<SignedNote> read_note(std::string_view text) {
    SignedNote note;
    auto end = text.substr(0, kMostNote).find("\n\n");
    if (end == std::string_view::npos) return std::nullopt;
    note.body = text.substr(0, end + 1);
    Words words(text.substr(end + 2, kMostNote));
    std::array<std::uint8_t, kSigned> both;
    words.skip(kDash);
    note.name = words.word();
    words.skip(" ");
    auto coded = words.word();
    if (!words.skip_if("\n") || !read_base64(coded, both)) return std::nullopt;
    note.all = text.substr(0, static_cast<std::size_t>(coded.data() + coded.size() + 1 - text.data()));
    std::copy_n(both.begin(), note.key_id.size(), note.key_id.begin());
    std::copy(both.begin() + note.key_id.size(), both.end(), note.signature.begin());
    return note;
}

bool is_signed_by(const SignedNote& note, const PublicKey& key) {
    return note.key_id == key_id(note.name, key) && is_signature(note.signature, note.body, key);
}

std::optional<Checkpoint> read_checkpoint(std::string_view body) {
    Words words(body);
    Checkpoint checkpoint;
    checkpoint.tree = words.tree();
    words.skip("checkpoint ");
    checkpoint.segment = words.number();
    words.skip(" ");
    checkpoint.index = words.number();
    words.skip("\ntime ");
    checkpoint.from = words.number();
    words.skip(" ");
    checkpoint.until = words.number();
    words.skip("\nboot ");
    words.hex(checkpoint.boot);
    words.skip(" ");
    checkpoint.boottime = words.number();
    if (words.skip_if("\nnext ")) {
        words.base64(checkpoint.next.emplace());
        words.skip("\n");
    } else {
        words.skip("\nfinal\n");
    }
    return if_canonical(words, checkpoint, body);
}

std::optional<Opening> read_opening(std::string_view body) {
    Words words(body);
    Opening opening;
    opening.tree = words.tree();
    words.skip("segment ");
    opening.segment = words.number();
    words.skip(" ");
    opening.bytes = words.number();
    words.skip(" ");
    opening.limit = words.number();
    words.skip(" ");
    opening.keep = words.number();
    words.skip("\nfirst ");
    words.base64(opening.first);
    words.skip("\nnext ");
    words.base64(opening.next);
    words.skip("\n");
    return if_canonical(words, opening, body);
}

}  // namespace vs::log
