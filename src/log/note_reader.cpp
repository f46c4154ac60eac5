#include <algorithm>

#include "log/base64.hpp"
#include "log/note.hpp"

namespace vs::log {

namespace {

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

std::optional<SignedNote> read_note(std::string_view text) {
    SignedNote note;
    auto end = text.substr(0, kMostNote).find("\n\n");
    if (end == std::string_view::npos) return std::nullopt;
    note.body = text.substr(0, end + 1);
    Words words(text.substr(end + 2, kMostNote));
    std::array<std::uint8_t, kSignedBytes> both;
    words.skip(kSignatureMark);
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
