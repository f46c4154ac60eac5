#include "log/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "log/verify_segment.hpp"

namespace vs::log {

namespace {

constexpr int kTries = 5;  // against a recorder that begins a segment while we read

/// What was read of a log at about one time. The state is read before and after all else: the log grows meanwhile.
struct Reading {
    std::string chain;
    std::optional<SealState> before, after;
    std::vector<std::uint64_t> segments;
};

class Verifier {
  public:
    Verifier(const LogDirectory& directory, const PublicKey& key) : directory_(directory), key_(key) {}

    Result<Verdict> run() {
        TRY(read());
        check_chain();
        if (openings_.empty()) return std::move(verdict_);
        verdict_.origin = openings_.front().tree.origin;
        check_kept();
        for (auto segment : reading_.segments)
            if (segment >= 1 && segment <= openings_.size()) TRY(check_segment(openings_[segment - 1]));
        check_length();
        reading_.after = state();
        check_state();
        std::ranges::stable_sort(verdict_.findings, {}, &Finding::record);
        return std::move(verdict_);
    }
    /// Something was dropped while we read.
    [[nodiscard]] Result<bool> is_stale() const { return TRY(directory_.segments()) != reading_.segments; }

  private:
    template <typename... Args>
    void bad(std::uint64_t record, fmt::format_string<Args...> format, Args&&... args) {
        verdict_.findings.push_back({record, std::max(record, verdict_.sealed), fmt::format(format, std::forward<Args>(args)...)});
    }

    [[nodiscard]] std::optional<SealState> state() const {
        auto found = directory_.seal();
        return found ? *found : std::nullopt;
    }

    Result<> read() {
        reading_.before = state();
        auto chain = directory_.chain();
        if (chain) reading_.chain = std::move(*chain);
        else if (chain.error().errno_value != ENOENT) TRY_WITH(std::move(chain), "read the chain of its segments");
        reading_.segments = TRY(directory_.segments());
        return {};
    }

    void check_chain() {
        std::string_view text = reading_.chain;
        PublicKey key = key_;
        while (auto note = read_note(text)) {
            auto opening = read_opening(note->body);
            if (!opening || !follows(*note, *opening, key)) break;
            text.remove_prefix(note->all.size());
            key = opening->next;
            openings_.push_back(*opening);
        }
        if (!openings_.empty()) return;
        if (!reading_.before) bad(0, "there is neither a chain of segments nor a key");
        else if (reading_.before->segment > 0 || reading_.segments.size() > 1) bad(0, "segment 1 was opened by nobody who had the key");
    }

    void check_length() {
        if (reading_.before && openings_.size() < reading_.before->segment)
            bad(verdict_.sealed, "segment {} was opened by nobody who had the key", openings_.size() + 1);
    }

    [[nodiscard]] bool follows(const SignedNote& note, const Opening& next, const PublicKey& key) const {
        if (next.segment != openings_.size() + 1 || note.name != next.tree.origin || !is_signed_by(note, key)) return false;
        if (next.keep < kLeastKept) return false;
        if (openings_.empty()) return next.tree.size == 0 && next.bytes == 0;
        const auto& last = openings_.back();
        // A segment is finished when it is full. Otherwise somebody could push out old ones with empty ones.
        return next.tree.origin == last.tree.origin && next.tree.size >= last.tree.size &&
               next.bytes + kMostRecord >= last.bytes + last.limit;
    }

    /// The first that no segment's opening has pushed out, by what was to be kept then.
    [[nodiscard]] std::uint64_t first_due() const {
        std::uint64_t due = 1;
        for (const auto& opening : openings_)
            if (opening.segment > opening.keep) due = std::max(due, opening.segment - opening.keep + 1);
        return due;
    }

    /// Old segments go when there are too many. Others do not.
    void check_kept() {
        const auto& present = reading_.segments;
        const std::uint64_t last = openings_.size();
        const std::uint64_t due = first_due();
        const std::uint64_t first = present.empty() ? due : std::min(present.front(), due);
        verdict_.first = openings_[std::clamp<std::uint64_t>(first, 1, last) - 1].tree.size;
        for (std::uint64_t segment = first; segment <= last; ++segment)
            if (!std::ranges::binary_search(present, segment)) bad(openings_[segment - 1].tree.size, "segment {} is missing", segment);
        // One more than the chain has is a segment that a killed recorder was about to begin.
        if (!present.empty() && present.back() > last + 1) bad(openings_.back().tree.size, "segment {} was never opened", present.back());
    }

    Result<> check_segment(const Opening& opening) {
        auto notes = directory_.notes(opening.segment);
        auto records = directory_.records(opening.segment);
        const SegmentFiles files{records ? std::move(*records) : "", notes ? std::move(*notes) : ""};
        auto found = verify_segment(files, opening);
        std::ranges::move(found.findings, std::back_inserter(verdict_.findings));
        verdict_.gaps += found.gaps;
        verdict_.lost_records += found.lost_records;
        verdict_.found_unsealed += found.found_unsealed;
        verdict_.rubbish = found.rubbish;
        last_bytes_ = files.records.size();
        verdict_.size = found.size;
        verdict_.sealed = found.sealed(opening);
        if (!found.checkpoints.empty()) {
            verdict_.root = found.checkpoints.back().tree.root;
            verdict_.sealed_at = found.checkpoints.back().until;
        }
        if (opening.segment < openings_.size()) check_end(opening, found, files.records.size() + files.notes.size());
        else check_last(found);
        return {};
    }

    /// `bytes` in its files: what the next one says of them decides what may be missing.
    void check_end(const Opening& opening, const SegmentVerdict& found, std::uint64_t bytes) {
        const auto& next = openings_[opening.segment];
        if (!found.is_final) bad(verdict_.sealed, "segment {} has no end that was sealed, or it was altered", opening.segment);
        else if (found.is_torn) bad(verdict_.sealed, "notes after the end of segment {}", opening.segment);
        else if (next.tree.size != verdict_.sealed || next.tree.root != found.checkpoints.back().tree.root)
            bad(verdict_.sealed, "segment {} does not go on where {} ended", next.segment, opening.segment);
        else if (next.bytes - opening.bytes != bytes)
            bad(verdict_.sealed, "segment {} has {} bytes, and {} says that it has {}", opening.segment, bytes, next.segment, next.bytes - opening.bytes);
    }

    /// The keys have gone on as far as the log, and no farther: else its end is missing, or an old end was put back.
    void check_last(const SegmentVerdict& found) {
        last_count_ = found.checkpoints.size();
        last_key_ = found.last_key;
        next_key_ = found.next_key;
        last_is_final_ = found.is_final;
        const auto& before = reading_.before;
        if (before && before->segment == openings_.size() && last_count_ < before->index)
            bad(verdict_.sealed, "checkpoint {} of segment {} is missing or altered: the log was cut", last_count_, before->segment);
    }

    void check_state() {
        const auto& state = reading_.after;
        const auto& last = openings_.back();
        if (!reading_.before || !state) return bad(verdict_.sealed, "there is no usable key: whether the log was cut cannot be told");
        if (state->name() != verdict_.origin) return bad(0, "the key is that of another log, '{}'", state->name());
        if (state->segment < last.segment) return check_unfinished_opening(*state);
        if (state->segment > last.segment || state->index > last_count_) return;  // it has gone on since
        if (state->index + 1 < last_count_) return bad(verdict_.sealed, "the key is an old one");
        if (Seed(state->opening_seed).public_key() != last.next) return bad(verdict_.sealed, "the key is not the one of the next segment");
        if (state->phase == Phase::closed && !last_is_final_) return bad(verdict_.sealed, "the end of segment {} is missing", last.segment);
        if (state->phase != Phase::closed && !has_due_key(*state)) bad(verdict_.sealed, "the key is not the one of the next checkpoint");
        check_silence(*state);
    }

    /// Before and after all else was read: in between, a recorder may have begun.
    void check_silence(const SealState& state) {
        const bool silent = reading_.before->phase == Phase::ended && state.phase == Phase::ended && state.index == last_count_;
        if (silent && last_bytes_ > state.records_end)
            bad(verdict_.sealed, "{} bytes were added while no recorder ran", last_bytes_ - state.records_end);
    }

    /// That of the next checkpoint; or of the last one, where a recorder was killed before it wrote the new key over the old. Without a look
    /// at that one too, somebody who has only later keys could cut the log and say that he was killed so.
    [[nodiscard]] bool has_due_key(const SealState& state) const {
        const auto key = Seed(state.checkpoint_seed).public_key();
        return state.index == last_count_ ? !last_is_final_ && key == next_key_ : key == last_key_;
    }

    /// A recorder was killed between the note that opens a segment and the state that says so.
    void check_unfinished_opening(const SealState& state) {
        const auto& last = openings_.back();
        const bool is_next = state.segment + 1 == last.segment && state.phase == Phase::closed && last_count_ == 0;
        if (!is_next || Seed(state.opening_seed).next().public_key() != last.next) bad(verdict_.sealed, "the key is an old one");
    }

    const LogDirectory& directory_;
    PublicKey key_;
    Reading reading_;
    std::vector<Opening> openings_;
    std::uint64_t last_count_ = 0, last_bytes_ = 0;
    PublicKey last_key_{}, next_key_{};
    bool last_is_final_ = false;
    Verdict verdict_;
};

}  // namespace

Result<Verdict> verify(const LogDirectory& directory, const PublicKey& key) {
    for (int i = 1;; ++i) {
        Verifier verifier(directory, key);
        auto verdict = TRY(verifier.run());
        if (verdict.good() || i == kTries || !TRY(verifier.is_stale())) return verdict;
    }
}

std::string describe(const Finding& finding) {
    if (finding.last <= finding.record) return fmt::format("record {}: {}", finding.record, finding.what);
    return fmt::format("records {} to {}: {}", finding.record, finding.last, finding.what);
}

}  // namespace vs::log
