#pragma once
// A log for unit tests, as its recorder would have left it: three segments, of which the last is open. A test changes what it likes,
// and everything is written, checked and signed as it is then. So it takes the place of somebody who has every key, and only the one check
// that the test is about can see what he did.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "log/directory.hpp"
#include "log/note.hpp"
#include "log/record.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::log {

inline constexpr std::string_view kMadeOrigin = "vserver/web/00";
inline const Seed kMadeSeed(std::array<std::uint8_t, 32>{7});

struct MadeRecord {
    Head head;
    std::string payload;

    [[nodiscard]] std::string bytes() const {
        const auto before = write_head(head, payload.size());
        const std::string leaf = std::string(before.data(), before.size()) + payload;
        return leaf + std::string(bytes_of(leaf_hash(leaf)).substr(0, kCheckSize));
    }
};
struct MadeCheckpoint {
    Checkpoint checkpoint;
    Seed key;
    std::string_view name = kMadeOrigin;
};
struct MadeSegment {
    Opening opening;
    Seed key;  ///< that signs the opening
    std::string_view name = kMadeOrigin;
    SegmentHead head{};
    std::vector<MadeRecord> records{};
    std::vector<MadeCheckpoint> checkpoints{};
    std::string more_records{}, more_notes{};  ///< behind all that

    [[nodiscard]] std::string record_file() const {
        std::string file(reinterpret_cast<const char*>(&head), sizeof head);
        for (const auto& record : records) file += record.bytes();
        return file + more_records;
    }
    [[nodiscard]] std::string note_file() const {
        std::string file;
        for (const auto& each : checkpoints) file += signed_note(write_body(each.checkpoint), each.name, each.key).text();
        return file + more_notes;
    }
};

class MadeLog {
  public:
    MadeLog() {
        add_segment({2, 2}, true);
        add_segment({3}, true);
        add_segment({1, 1}, false);
        add_record();  // which is not sealed yet
    }

    /// One more, of so many records to each checkpoint.
    void add_segment(const std::vector<std::size_t>& counts, bool is_finished) {
        if (!segments.empty()) bytes_ += segments.back().record_file().size() + segments.back().note_file().size();
        const Seed key = opening_key_;
        opening_key_ = key.next();
        checkpoint_key_ = key.branch();
        const std::uint64_t number = segments.size() + 1;
        auto& segment = segments.emplace_back(MadeSegment{{{kMadeOrigin, tree_.size(), tree_.root()}, number, bytes_, 4096, 3, checkpoint_key_.public_key(), opening_key_.public_key()}, key});
        segment.head.segment = number;
        segment.head.size = tree_.size();
        segment.head.bytes = bytes_;
        std::ranges::copy(tree_.peaks(), segment.head.peaks.begin());
        for (std::size_t i = 0; i < counts.size(); ++i) {
            for (std::size_t j = 0; j < counts[i]; ++j) add_record();
            seal(is_finished && i + 1 == counts.size());
        }
        set_state(is_finished ? Phase::closed : Phase::open);
    }
    void add_record(std::string payload = "text", Kind kind = Kind::text) {
        now_ += 10;
        segments.back().records.push_back({{.kind = kind, .sequence = tree_.size(), .realtime = now_, .boottime = now_, .boot = {1}}, std::move(payload)});
        const auto bytes = segments.back().records.back().bytes();
        tree_.append(leaf_hash(std::string_view(bytes).substr(0, bytes.size() - kCheckSize)));
    }
    void seal(bool is_final) {
        auto& all = segments.back().checkpoints;
        const Seed key = checkpoint_key_;
        checkpoint_key_ = key.next();
        Checkpoint made{{kMadeOrigin, tree_.size(), tree_.root()}, segments.size(), all.size(), sealed_at_, now_, {1}, now_, {}};
        if (!is_final) made.next = checkpoint_key_.public_key();
        all.push_back({made, key});
        sealed_at_ = now_;
        set_state(state.phase);
    }
    /// The keys and the ends as they are now.
    void set_state(Phase phase) {
        const auto& last = segments.back();
        state.phase = phase;
        state.segment = segments.size();
        state.index = last.checkpoints.size();
        state.size = tree_.size();
        state.bytes = bytes_;
        state.records_end = last.record_file().size();
        state.notes_end = last.note_file().size();
        state.opening_seed = opening_key_.bytes();
        state.checkpoint_seed = phase == Phase::closed ? decltype(state.checkpoint_seed){} : checkpoint_key_.bytes();
        state.origin = {};
        std::ranges::copy(kMadeOrigin, state.origin.begin());
        state.peaks = {};
        std::ranges::copy(tree_.peaks(), state.peaks.begin());
    }

    [[nodiscard]] std::string chain() const {
        std::string text;
        for (const auto& segment : segments) text += signed_note(write_body(segment.opening), segment.name, segment.key).text();
        return text + more_chain;
    }
    [[nodiscard]] std::string seal_file() const {
        auto made = state;
        made.check = made.sum();
        return {reinterpret_cast<const char*>(&made), sizeof made};
    }
    void write(const sys::ScratchDir& scratch) const {
        scratch.write(kChainFile, chain());
        scratch.write(kSealFile, seal_file());
        for (const auto& segment : segments) {
            const auto number = static_cast<std::uint64_t>(&segment - segments.data()) + 1;
            scratch.write(segment_name(number, kRecordsEnding).data(), segment.record_file());
            scratch.write(segment_name(number, kNotesEnding).data(), segment.note_file());
        }
    }

    std::vector<MadeSegment> segments;
    SealState state;
    std::string more_chain;

  private:
    Seed opening_key_ = kMadeSeed, checkpoint_key_;
    Frontier tree_;
    std::uint64_t bytes_ = 0, now_ = 1000, sealed_at_ = 1000;
};

}  // namespace vs::log
