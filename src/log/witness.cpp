#include "log/witness.hpp"

#include <algorithm>
#include <utility>
#include <optional>

#include "log/note.hpp"

namespace vs::log {

namespace {

/// A checkpoint with the note that it stands in.
struct Seen {
    std::string_view note;
    Checkpoint checkpoint;
};

std::string_view origin_of(std::string_view chain) {
    auto note = read_note(chain);
    auto opening = note ? read_opening(note->body) : std::nullopt;
    return opening ? opening->tree.origin : std::string_view();
}

/// Those of the chain that are signed one after the other; the first that is not ends it.
std::vector<Opening> read_chain(std::string_view text, PublicKey key) {
    std::vector<Opening> openings;
    while (auto note = read_note(text)) {
        auto opening = read_opening(note->body);
        if (!opening || opening->segment != openings.size() + 1 || note->name != opening->tree.origin || !is_signed_by(*note, key)) break;
        openings.push_back(*opening);
        key = opening->next;
        text.remove_prefix(note->all.size());
    }
    return openings;
}

std::vector<Seen> read_segment(std::string_view text, const Opening& opening) {
    std::vector<Seen> seen;
    auto key = std::optional(opening.first);
    while (auto note = key ? read_note(text) : std::nullopt) {
        auto checkpoint = read_checkpoint(note->body);
        const bool follows = checkpoint && checkpoint->segment == opening.segment && checkpoint->index == seen.size() &&
                             checkpoint->tree.origin == opening.tree.origin && is_signed_by(*note, *key);
        if (!follows) break;
        seen.push_back({note->all, *checkpoint});
        key = checkpoint->next;
        text.remove_prefix(note->all.size());
    }
    return seen;
}

Result<std::vector<Seen>> read_all(const SignedNotes& notes, const VerificationKey& trusted) {
    const auto key = TRY(key_in(notes.issued, origin_of(notes.chain), trusted));
    const auto openings = read_chain(notes.chain, key);
    std::vector<Seen> all;
    std::uint64_t before = 0;
    for (const auto& segment : notes.segments) {
        // Or the same one could come twice, whole and then cut, and the witness would remember less than he did.
        if (std::exchange(before, segment.number) >= segment.number) return fail(Code::failed, "segment {} is out of its place", segment.number);
        if (segment.number < 1 || segment.number > openings.size()) continue;
        auto seen = read_segment(segment.notes, openings[segment.number - 1]);
        const bool has_next = segment.number < openings.size();
        const auto* next = has_next ? &openings[segment.number] : nullptr;
        if (has_next && (seen.empty() || seen.back().checkpoint.next || seen.back().checkpoint.tree.root != next->tree.root))
            return fail(Code::failed, "segment {} of the log has no end that was sealed: it was cut or altered", segment.number);
        std::ranges::copy(seen, std::back_inserter(all));
    }
    if (all.empty()) return fail(Code::failed, "nothing of the log is sealed by who has the key");
    return all;
}

/// Why it does not go on from there.
Error refusal(const Checkpoint& old, const std::vector<Seen>& all) {
    const auto& last = all.back().checkpoint;
    if (old.tree.origin != last.tree.origin)
        return Error{Code::failed, 0, fmt::format("this is the log '{}', and the witness has seen '{}'", last.tree.origin, old.tree.origin), {}};
    if (old.segment < all.front().checkpoint.segment)
        return Error{Code::failed, 0, fmt::format("the log has forgotten segment {}, which the witness saw last: whether it goes on from there cannot be "
                                                  "told (let it witness more often, and begin a new file)", old.segment), {}};
    if (old.tree.size > last.tree.size)
        return Error{Code::failed, 0, fmt::format("the log was cut: it has {} records, and the witness has seen {}", last.tree.size, old.tree.size), {}};
    return Error{Code::failed, 0, fmt::format("the log is not the one that the witness has seen: it differs within its first {} records, or in when "
                                              "they were sealed", old.tree.size), {}};
}

}  // namespace

Result<SignedNotes> collect_notes(const Machine& machine, const LogDirectory& directory) {
    SignedNotes notes;
    notes.issued = TRY(machine.issued());
    notes.chain = TRY(directory.chain());  // first: of what a recorder begins meanwhile there is then too much, and nothing missing
    for (auto segment : TRY(directory.segments())) notes.segments.push_back({segment, TRY(directory.notes(segment))});
    return notes;
}

Result<Witnessed> witness(const SignedNotes& notes, const VerificationKey& trusted, std::string_view remembered) {
    const auto all = TRY(read_all(notes, trusted));
    const auto& last = all.back();
    const Witnessed witnessed{std::string(last.note), std::string(last.checkpoint.tree.origin), last.checkpoint.tree.size};
    if (remembered.empty()) return witnessed;
    auto note = read_note(remembered);
    auto old = note ? read_checkpoint(note->body) : std::nullopt;
    if (!old) return fail(Code::failed, "what the witness remembers is no checkpoint: its file is damaged");
    if (std::ranges::find(all, remembered, &Seen::note) == all.end()) return std::unexpected<Error>(refusal(*old, all));
    return witnessed;
}

}  // namespace vs::log
