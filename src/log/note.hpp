#pragma once
// What is signed, as the signed notes and checkpoints of C2SP (c2sp.org/signed-note, c2sp.org/tlog-checkpoint): any
// witness that knows those can read the first three lines, and any tool for notes can check the signature.
//
//     vserver/web1/6f1d8a...                           the log
//     1234                                             records in it
//     qRW3...=                                         root of its tree
//     checkpoint 3 17                                  the segment, and which checkpoint of it, from 0
//     time 1790000000000000000 1790000000900000000     the earliest and latest of the host's clock since the one before
//     boot 0123456789abcdef0123456789abcdef 123456     boot, and nanoseconds since it
//     next Zm9v...=                                    the key of the next checkpoint; the last of a segment says: final
//
//     (em dash) vserver/web1/6f1d8a... c2ln...=
//
// A segment is opened by a note that has, after the first three lines:
//
//     segment 3 16777216 8388608 3                     its number, bytes before it, bytes that fill one, how many are kept
//     first YmFy...=                                   the key of its first checkpoint
//     next YmF6...=                                    the key of the note that opens the next segment
//
// Writing is freestanding; both ways are strict: what is read is exactly what would be written.

#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string_view>

#include "log/record.hpp"
#include "log/seal.hpp"

namespace vs::log {

inline constexpr std::size_t kMostOrigin = 127;
inline constexpr std::size_t kMostNote = 704;  // with the longest origin and the longest numbers
inline constexpr std::string_view kSignatureMark = "\u2014 ";  // an em dash: signed-note has it
inline constexpr std::size_t kSignedBytes = 4 + std::tuple_size_v<Signature>;

struct TreeHead {
    std::string_view origin;
    std::uint64_t size = 0;
    Hash root{};
};
struct Checkpoint {
    TreeHead tree;
    std::uint64_t segment = 0, index = 0;
    std::uint64_t from = 0, until = 0;
    BootId boot{};
    std::uint64_t boottime = 0;
    std::optional<PublicKey> next;  ///< nothing: the last of its segment
};
struct Opening {
    TreeHead tree;
    std::uint64_t segment = 0, bytes = 0, limit = 0, keep = 0;
    PublicKey first{}, next{};
};

/// Text in place, of at most kMostNote bytes. What does not fit is not written; nothing of ours is that long.
class NoteText {
  public:
    NoteText& add(std::string_view text);
    NoteText& add(std::uint64_t number);
    NoteText& add_base64(std::span<const std::uint8_t> bytes);
    NoteText& add_hex(std::span<const std::uint8_t> bytes);
    [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }

  private:
    std::array<char, kMostNote> text_{};
    std::size_t size_ = 0;
};

NoteText write_body(const Checkpoint& checkpoint);
NoteText write_body(const Opening& opening);
/// Adds the blank line and the signature of `name`.
NoteText signed_note(NoteText body, std::string_view name, const Seed& seed);

struct SignedNote {
    std::string_view all, body;      ///< the body with its last newline
    std::string_view name;
    std::array<std::uint8_t, 4> key_id{};
    Signature signature{};
};
/// The first note of a text of several; nothing where it does not begin with one.
std::optional<SignedNote> read_note(std::string_view text);
bool is_signed_by(const SignedNote& note, const PublicKey& key);
/// Nothing unless it is exactly what write_body() makes. Views are into `body`.
std::optional<Checkpoint> read_checkpoint(std::string_view body);
std::optional<Opening> read_opening(std::string_view body);

/// The first four bytes of what C2SP calls the key's hash.
std::array<std::uint8_t, 4> key_id(std::string_view name, const PublicKey& key);

}  // namespace vs::log
