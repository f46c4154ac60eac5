// Part of a freestanding program: see recorder.cpp. How a store goes on where an earlier recorder ended, however it ended.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "programs/recorder/sealed_store.hpp"

namespace vs::recorder {

using log::Phase;

/// A failure may pass: too many files are open, or the disk answers again.
bool SealedStore::open() {
    usable_ = usable_ || open_state();
    return usable_ && (state_.phase == Phase::closed || records_ >= 0 || resume());
}

bool SealedStore::open_state() {
    constexpr int kSeal = O_RDWR | O_NOFOLLOW | O_CLOEXEC, kChain = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC;
    if (seal_ < 0) seal_ = ::openat(directory_, log::kSealFile, kSeal);
    if (seal_ < 0 || ::pread(seal_, &state_, sizeof state_, 0) != sizeof state_ || !state_.is_sound()) return false;
    if (chain_ < 0) chain_ = ::openat(directory_, log::kChainFile, kChain, 0600);
    auto tree = state_.frontier();
    if (chain_ < 0 || !tree) return false;
    tree_ = *tree;
    // An opening note that its state did not live to tell of: the same bytes are written again.
    if (::lseek(chain_, 0, SEEK_END) > static_cast<off_t>(state_.chain_end)) (void)!::ftruncate(chain_, static_cast<off_t>(state_.chain_end));
    return true;
}

bool SealedStore::open_files(std::uint64_t segment, int flags) {
    const int all = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags;
    records_ = ::openat(directory_, log::segment_name(segment, log::kRecordsEnding).data(), all, 0600);
    if (records_ < 0) return false;
    notes_ = ::openat(directory_, log::segment_name(segment, log::kNotesEnding).data(), all, 0600);
    if (notes_ < 0) close_files();
    return notes_ >= 0;
}

void SealedStore::close_files() {
    records_floor_.forget();
    notes_floor_.forget();
    for (int* fd : {&notes_, &records_}) {
        if (*fd >= 0) ::close(*fd);
        *fd = -1;
    }
}

/// The segment that is open, as its last writer left it.
bool SealedStore::resume() {
    if (!open_files(state_.segment, 0)) return false;
    if (recover_tail()) {
        reserve();
        return true;
    }
    close_files();
    tree_ = *state_.frontier();
    return false;
}

/// What was written after the last checkpoint is there, but for a record that was cut by the end of the writer. A file that
/// is shorter than what was sealed was not cut by us: it is left as it is, for the verifier to see.
bool SealedStore::recover_tail() {
    if (::lseek(notes_, 0, SEEK_END) > static_cast<off_t>(state_.notes_end)) (void)!::ftruncate(notes_, static_cast<off_t>(state_.notes_end));
    const auto length = ::lseek(records_, 0, SEEK_END);
    if (length < 0) return false;
    const auto size = static_cast<std::uint64_t>(length);
    end_ = std::min(size, state_.records_end);
    if (state_.phase == Phase::ended) return refuse_tail(size);
    if (size <= state_.records_end) return true;
    if (!read_tail(end_)) return false;
    found_.records = unsealed();
    unsynced_ = end_ - state_.records_end;
    return end_ == size || cut_tail(size);
}

/// `from` is then where the last whole record ends; all before it are in the tree.
bool SealedStore::read_tail(std::uint64_t& from) {
    static std::array<char, log::kMostRecord> buffer;  // untouched, and so no memory, where nothing was left unsealed
    for (;;) {
        const ssize_t count = ::pread(records_, buffer.data(), buffer.size(), static_cast<off_t>(from));
        if (count < 0) return false;
        std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
        const auto before = from;
        while (auto record = log::read_record(bytes).record) {
            if (record->head.sequence != tree_.size()) return true;
            tree_.append(record->leaf);
            note_time(record->head.realtime);
            const auto length = *log::record_length(bytes);
            from += length;
            bytes.remove_prefix(length);
        }
        if (from == before) return true;
    }
}

/// The record that was being written. What came by a socket waits there still; of the console it was the only copy.
bool SealedStore::cut_tail(std::uint64_t size) {
    std::array<char, log::kHeadSize> head{};
    const ssize_t count = ::pread(records_, head.data(), head.size(), static_cast<off_t>(end_));
    if (count < 0 || ::ftruncate(records_, static_cast<off_t>(end_)) < 0) return false;
    if (!log::is_from_socket({head.data(), static_cast<std::size_t>(count)})) count_loss(log::Cause::torn, 1, size - end_);
    return true;
}

/// Its writer had sealed all that it wrote. Whoever added to it has no key, and gets none of ours.
bool SealedStore::refuse_tail(std::uint64_t size) {
    if (size > end_) {
        if (::ftruncate(records_, static_cast<off_t>(end_)) < 0) return false;
        count_loss(log::Cause::foreign, 1, size - end_);
    }
    state_.phase = Phase::open;
    return save();
}

}  // namespace vs::recorder
