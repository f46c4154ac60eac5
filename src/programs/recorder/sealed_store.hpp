#pragma once
// The log of one server on disk (log/layout.hpp): records are appended, and a checkpoint now and then signs all that is
// there. What could not be written is counted, and told by the next record that can be. Allocates nothing.
//
// Durability: a record survives the end of this process at once, and a loss of power after settle(). The order is records,
// checkpoint, key, each on disk before the next: a process or a machine that ends between two of them leaves what
// open() finishes, and never a log that looks damaged. Some disk is ours in advance (floor.hpp), and the next segment's files are there
// before they are needed: a server that fills the disk does not stop its log at once.

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "log/layout.hpp"
#include "log/note.hpp"
#include "log/record.hpp"
#include "programs/recorder/floor.hpp"

namespace vs::recorder {

/// The descriptors of an open store, whichever files they lead to. Those below are given to a recorder.
enum StoreDescriptor : int {
    kSealDescriptor = 14,
    kChainDescriptor,
    kRecordsDescriptor,
    kNotesDescriptor,
};

struct Sender {
    log::Source source = log::Source::recorder;
    log::Flag flag = log::Flag::none;
    std::uint32_t pid = 0, uid = 0;  ///< as it claims
};

/// Of at most log::kMostPayload bytes.
struct Message {
    Sender sender;
    std::string_view payload;
    log::Kind kind = log::Kind::text;
};
inline constexpr std::size_t kMostTogether = 32;

class SealedStore {
  public:
    /// `directory` stays the caller's.
    SealedStore(int directory, log::Limits limits, const log::BootId& boot);
    ~SealedStore();
    SealedStore(const SealedStore&) = delete;
    SealedStore& operator=(const SealedStore&) = delete;

    /// Goes on where an earlier one ended, however it ended. False where it cannot now: then all that comes is counted as lost, and
    /// settle() tries again.
    bool open();
    /// In the log in this order, or counted as lost; at most kMostTogether.
    void append(std::span<const Message> messages);
    void append(const Sender& sender, std::string_view payload);
    /// Says that a recorder begins its work.
    void begin();
    /// Says that it has ended, and seals that. What is behind it afterwards is nobody's.
    void end();
    /// What was dropped before it came here.
    void count_loss(log::Cause cause, std::uint64_t records, std::uint64_t bytes);
    /// Tells of a loss if that is possible now, signs, and brings everything to the disk. May take as long as the disk does.
    void settle();
    /// Signs although nothing has come: until now there was nothing.
    void heartbeat() { seal(); }
    /// Nothing is left for settle() to do.
    [[nodiscard]] bool is_settled() const { return usable_ && !has_news() && unsealed() == 0 && saved_; }
    [[nodiscard]] std::uint64_t unsealed() const { return tree_.size() - state_.size; }

  private:
    enum class Mark { more_follow, final };

    bool open_state();
    bool open_files(std::uint64_t segment, int flags);
    void close_files();
    bool resume();
    bool recover_tail();
    bool read_tail(std::uint64_t& from);
    bool cut_tail(std::uint64_t size);
    bool refuse_tail(std::uint64_t size);
    [[nodiscard]] bool has_room(std::uint64_t bytes) const;
    bool make_room(std::uint64_t bytes);
    bool begin_segment();
    bool write_segment_head(std::uint64_t segment);
    bool close_segment();
    void drop_segments();
    void reserve();
    void reserve_next(std::uint64_t bytes);
    bool write_records(std::span<const Message> messages);
    bool write_parts(std::span<const iovec> parts, std::uint64_t length);
    void mark(log::Kind kind);
    [[nodiscard]] bool has_news() const { return found_.records > 0 || lost_.records > 0; }
    bool tell_news();
    void seal_if_many();
    void seal();
    bool sync_records();
    bool checkpoint(Mark mark);
    bool write_note(int fd, std::string_view note, std::uint64_t& end);
    bool save();
    void note_time(std::uint64_t realtime);

    int directory_;
    log::Limits limits_;
    log::BootId boot_;
    bool usable_ = false;
    int seal_ = -1, chain_ = -1, records_ = -1, notes_ = -1;
    log::SealState state_;          ///< what the next save() writes
    bool saved_ = true;
    log::Frontier tree_;
    std::uint64_t end_ = 0;         ///< of the file of records
    Floor records_floor_, notes_floor_, chain_floor_;
    std::uint64_t prepared_ = 0;    ///< the segment whose files are there already
    std::uint64_t unsynced_ = 0;    ///< bytes that a loss of power could still take
    std::uint64_t from_ = UINT64_MAX, until_ = 0;  ///< of the host's clock, since the last checkpoint
    log::Found found_;              ///< what no record has told of yet: these
    log::Gap lost_;                 ///< and this
};

}  // namespace vs::recorder
