#include "log/verify_segment.hpp"

#include <fmt/format.h>

namespace vs::log {

namespace {

class SegmentVerifier {
  public:
    SegmentVerifier(const SegmentFiles& files, const Opening& opening) : files_(files), opening_(opening) {}

    SegmentVerdict run() {
        result_.size = opening_.tree.size;
        check_notes();
        if (check_head()) check_records();
        return std::move(result_);
    }

  private:
    template <typename... Args>
    void bad(std::uint64_t record, std::uint64_t last, fmt::format_string<Args...> format, Args&&... args) {
        result_.findings.push_back({record, last, fmt::format(format, std::forward<Args>(args)...)});
    }

    /// The notes that are good, one after the other; the first that is not ends it.
    void check_notes() {
        std::string_view text = files_.notes;
        result_.next_key = opening_.first;
        while (!text.empty() && !result_.is_final) {
            auto note = read_note(text);
            auto checkpoint = note ? read_checkpoint(note->body) : std::nullopt;
            if (!checkpoint || !follows(*note, *checkpoint)) break;
            text.remove_prefix(note->all.size());
            result_.is_final = !checkpoint->next;
            result_.last_key = result_.next_key;
            result_.next_key = checkpoint->next.value_or(PublicKey{});
            result_.checkpoints.push_back(*checkpoint);
        }
        result_.is_torn = !text.empty();
    }

    [[nodiscard]] bool follows(const SignedNote& note, const Checkpoint& next) const {
        return note.name == opening_.tree.origin && next.tree.origin == opening_.tree.origin && next.segment == opening_.segment &&
               next.index == result_.checkpoints.size() && next.tree.size >= result_.sealed(opening_) && next.from <= next.until &&
               is_signed_by(note, result_.next_key);
    }

    bool check_head() {
        auto head = read_segment_head(files_.records);
        bool fits = head && head->segment == opening_.segment && head->size == opening_.tree.size && head->bytes == opening_.bytes;
        auto frontier = fits ? head->frontier() : std::nullopt;
        if (!frontier || frontier->root() != opening_.tree.root) {
            bad(opening_.tree.size, result_.sealed(opening_), "the head of segment {} is not the one it was opened with", opening_.segment);
            return false;
        }
        tree_ = *frontier;
        return true;
    }

    void check_records() {
        const auto sealed = result_.sealed(opening_);
        std::string_view bytes = std::string_view(files_.records).substr(sizeof(SegmentHead));
        covered_ = tree_.size();
        if (!check_checkpoints()) return;
        while (!bytes.empty()) {
            auto [record, error] = read_record(bytes);
            const bool good = record && check_record(*record);
            if (!record && tree_.size() < sealed) bad(tree_.size(), tree_.size(), "{}", reason(error));
            if (!record && tree_.size() >= sealed) unsealed_rubbish(bytes.size());
            if (!good) return;
            bytes.remove_prefix(*record_length(bytes));
            tree_.append(record->leaf);
            result_.size = tree_.size();
            count(*record);
            if (!check_checkpoints()) return;
        }
        if (tree_.size() < sealed) bad(tree_.size(), sealed - 1, "missing at the end of segment {}", opening_.segment);
        if (result_.is_final && tree_.size() > sealed) bad(sealed, tree_.size() - 1, "after the end of segment {}", opening_.segment);
    }

    static std::string_view reason(RecordError error) {
        switch (error) {
            case RecordError::incomplete: return "cut off";
            case RecordError::malformed: return "is no record";
            case RecordError::damaged: return "altered";
        }
        return "";
    }

    /// What a writer was killed over comes last, and was never sealed: no harm, but in a segment that is finished.
    void unsealed_rubbish(std::size_t bytes) {
        result_.rubbish = bytes;
        if (result_.is_final) bad(tree_.size(), tree_.size(), "after the end of segment {}", opening_.segment);
    }

    bool check_record(const Record& record) {
        const auto place = tree_.size();
        if (record.head.sequence != place) {
            bad(place, place, "record {} stands in its place", record.head.sequence);
            return false;
        }
        const bool same_boot = before_ && before_->boot == record.head.boot;
        if (same_boot && record.head.boottime < before_->boottime) {
            bad(place, place, "older than the record before it");
            return false;
        }
        if (next_ < result_.checkpoints.size()) {
            const auto& cover = result_.checkpoints[next_];
            if (record.head.realtime < cover.from || record.head.realtime > cover.until) {
                bad(place, place, "its time is not in the interval of the checkpoint that seals it");
                return false;
            }
        }
        before_ = record.head;
        return true;
    }

    /// All that are of the tree as it is now.
    bool check_checkpoints() {
        for (; next_ < result_.checkpoints.size() && result_.checkpoints[next_].tree.size == tree_.size(); ++next_) {
            if (result_.checkpoints[next_].tree.root != tree_.root()) {
                bad(covered_, tree_.size() == covered_ ? covered_ : tree_.size() - 1, "not what was sealed by checkpoint {} of segment {}", next_, opening_.segment);
                return false;
            }
            covered_ = tree_.size();
        }
        return true;
    }

    void count(const Record& record) {
        auto found = record.head.kind == Kind::found ? read_found(record.payload) : std::nullopt;
        if (found) result_.found_unsealed += found->records;
        auto gap = record.head.kind == Kind::gap ? read_gap(record.payload) : std::nullopt;
        if (!gap) return;
        ++result_.gaps;
        result_.lost_records += gap->records;
    }

    const SegmentFiles& files_;
    const Opening& opening_;
    SegmentVerdict result_;
    Frontier tree_;
    std::size_t next_ = 0;        ///< the checkpoint that covers the next record
    std::uint64_t covered_ = 0;   ///< records that are proved
    std::optional<Head> before_;
};

}  // namespace

SegmentVerdict verify_segment(const SegmentFiles& files, const Opening& opening) { return SegmentVerifier(files, opening).run(); }

}  // namespace vs::log
