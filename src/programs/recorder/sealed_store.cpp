// Part of a freestanding program: see recorder.cpp.

#include "programs/recorder/sealed_store.hpp"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace vs::recorder {

namespace {

using log::Phase;

constexpr std::uint64_t kMostUnsealed = 16384;
constexpr std::uint64_t kRecordsFloor = 512 << 10, kNotesFloor = 128 << 10, kChainFloor = 4096;

std::uint64_t now(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

log::Cause cause_of(int error) {
    return error == ENOSPC || error == EDQUOT ? log::Cause::disk_full : log::Cause::write_error;
}

bool remove(int directory, std::uint64_t segment, std::string_view ending) {
    return ::unlinkat(directory, log::segment_name(segment, ending).data(), 0) == 0;
}

template <typename Object>
std::string_view bytes_of(const Object& object) {
    return {reinterpret_cast<const char*>(&object), sizeof object};
}

std::uint64_t length_of(std::span<const Message> messages) {
    std::uint64_t length = 0;
    for (const auto& message : messages) length += log::kHeadSize + message.payload.size() + log::kCheckSize;
    return length;
}

/// All of it, or nothing is there after it but what was; then false, with errno.
bool write_all_or_nothing(int fd, std::string_view bytes, std::uint64_t end) {
    ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count == static_cast<ssize_t>(bytes.size())) return true;
    int error = count < 0 ? errno : ENOSPC;
    if (count > 0) (void)!::ftruncate(fd, static_cast<off_t>(end));
    errno = error;
    return false;
}

}  // namespace

SealedStore::SealedStore(int directory, log::Limits limits, const log::BootId& boot)
    : directory_(directory), limits_(limits), boot_(boot) {}

SealedStore::~SealedStore() {
    close_files();
    for (int fd : {chain_, seal_})
        if (fd >= 0) ::close(fd);
    ::sodium_memzero(&state_, sizeof state_);
}

void SealedStore::append(std::span<const Message> messages) {
    if (messages.empty()) return;
    const bool told = !has_news() || tell_news();
    if (told && messages.size() > 1 && has_room(length_of(messages)) && write_records(messages)) return seal_if_many();
    for (const auto& message : messages) {
        const bool ready = !has_news() || tell_news();
        if (!ready || !write_records({&message, 1})) count_loss(usable_ ? cause_of(errno) : log::Cause::write_error, 1, message.payload.size());
    }
    seal_if_many();
}

void SealedStore::append(const Sender& sender, std::string_view payload) {
    const Message message{sender, payload};
    append({&message, 1});
}

void SealedStore::seal_if_many() {
    if (unsealed() >= kMostUnsealed) settle();
}

void SealedStore::begin() { mark(log::Kind::begin); }

void SealedStore::end() {
    mark(log::Kind::end);
    settle();
    if (!is_settled() || state_.phase != Phase::open) return;
    state_.phase = Phase::ended;
    save();
}

void SealedStore::mark(log::Kind kind) {
    const Message message{{}, "", kind};
    const bool ready = !has_news() || tell_news();
    if (!ready || !write_records({&message, 1})) count_loss(usable_ ? cause_of(errno) : log::Cause::write_error, 1, 0);
}

void SealedStore::count_loss(log::Cause cause, std::uint64_t records, std::uint64_t bytes) {
    const auto time = now(CLOCK_REALTIME);
    if (lost_.records == 0) lost_ = {.first = time};
    lost_.records += records;
    lost_.bytes += bytes;
    lost_.last = time;
    lost_.cause = cause;
}

void SealedStore::settle() {
    if (!usable_) open();
    if (has_news()) tell_news();
    if (unsealed() > 0) seal();
    if (!saved_) save();
}

bool SealedStore::tell_news() {
    const auto found = log::write_found(found_);
    const Message sooner{{}, {found.data(), found.size()}, log::Kind::found};
    if (found_.records > 0 && !write_records({&sooner, 1})) return false;
    found_ = {};
    const auto lost = log::write_gap(lost_);
    const Message gap{{}, {lost.data(), lost.size()}, log::Kind::gap};
    if (lost_.records > 0 && !write_records({&gap, 1})) return false;
    lost_ = {};
    return true;
}

/// All of them by one write, or none.
bool SealedStore::write_records(std::span<const Message> messages) {
    const auto length = length_of(messages);
    if (!usable_ || !make_room(length)) return false;
    const auto realtime = now(CLOCK_REALTIME), boottime = now(CLOCK_BOOTTIME);
    std::array<log::HeadBytes, kMostTogether> heads;
    std::array<log::Hash, kMostTogether> leaves;
    std::array<iovec, 3 * kMostTogether> parts;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const auto& [sender, payload, kind] = messages[i];
        heads[i] = log::write_head({kind, sender.source, sender.flag, tree_.size() + i, realtime, boottime, boot_, sender.pid, sender.uid}, payload.size());
        leaves[i] = log::leaf_hash({heads[i].data(), heads[i].size()}, payload);
        parts[3 * i] = {heads[i].data(), heads[i].size()};
        parts[3 * i + 1] = {const_cast<char*>(payload.data()), payload.size()};
        parts[3 * i + 2] = {leaves[i].data(), log::kCheckSize};
    }
    if (!write_parts({parts.data(), 3 * messages.size()}, length)) return false;
    for (std::size_t i = 0; i < messages.size(); ++i) tree_.append(leaves[i]);
    note_time(realtime);
    return true;
}

bool SealedStore::write_parts(std::span<const iovec> parts, std::uint64_t length) {
    ssize_t count = ::writev(records_, parts.data(), static_cast<int>(parts.size()));
    if (count == static_cast<ssize_t>(length)) {
        end_ += length;
        unsynced_ += length;
        return true;
    }
    int error = count < 0 ? errno : ENOSPC;
    if (count > 0) (void)!::ftruncate(records_, static_cast<off_t>(end_));
    if (count > 0) records_floor_.forget();
    errno = error;
    return false;
}

void SealedStore::note_time(std::uint64_t realtime) {
    from_ = std::min(from_, realtime);
    until_ = std::max(until_, realtime);
}

// ------------------------------------------------------------------------------------------------------- segments

bool SealedStore::has_room(std::uint64_t bytes) const {
    return usable_ && saved_ && state_.phase == Phase::open && records_ >= 0 && end_ + state_.notes_end + bytes <= limits_.segment_bytes;
}

bool SealedStore::make_room(std::uint64_t bytes) {
    if (has_room(bytes)) return true;
    if (!saved_ && !save()) return false;
    if (state_.phase == Phase::closed) return begin_segment();
    if (records_ < 0 && !resume()) return false;
    if (has_room(bytes) || end_ == sizeof(log::SegmentHead)) return true;
    return close_segment() && begin_segment();
}

bool SealedStore::close_segment() {
    if (!sync_records() || !checkpoint(Mark::final)) return false;
    (void)!::ftruncate(records_, static_cast<off_t>(end_));  // what was reserved
    (void)!::ftruncate(notes_, static_cast<off_t>(state_.notes_end));
    close_files();
    return true;
}

/// Only the state makes it so: killed before that, the next recorder does all of this again, byte for byte.
bool SealedStore::begin_segment() {
    const auto segment = state_.segment + 1;
    const log::Seed seed(state_.opening_seed), first = seed.branch(), next = seed.next();
    const log::Opening opening{{state_.name(), tree_.size(), tree_.root()}, segment, state_.bytes, limits_.segment_bytes, limits_.keep,
                               first.public_key(), next.public_key()};
    if (!write_segment_head(segment)) return false;
    if (!write_note(chain_, log::signed_note(log::write_body(opening), state_.name(), seed).text(), state_.chain_end)) return false;
    state_.phase = Phase::open;
    state_.segment = segment;
    state_.index = state_.notes_end = 0;
    state_.records_end = end_ = sizeof(log::SegmentHead);
    state_.opening_seed = next.bytes();
    state_.checkpoint_seed = first.bytes();
    save();
    drop_segments();
    reserve();
    return true;
}

/// A file system may say that it cannot, or that it is full; then it is as it is.
void SealedStore::reserve() {
    const auto used = std::min(end_ + state_.notes_end, limits_.segment_bytes);
    const auto ahead = std::min(kRecordsFloor, limits_.segment_bytes - used);
    records_floor_.keep(records_, end_, ahead);
    notes_floor_.keep(notes_, state_.notes_end, kNotesFloor);
    chain_floor_.keep(chain_, state_.chain_end, kChainFloor);
    if (ahead < kRecordsFloor && prepared_ <= state_.segment) reserve_next(kRecordsFloor);
}

void SealedStore::reserve_next(std::uint64_t bytes) {
    const auto next = state_.segment + 1;
    for (auto [ending, size] : {std::pair(log::kRecordsEnding, std::min(bytes, limits_.segment_bytes)), std::pair(log::kNotesEnding, kNotesFloor)}) {
        const int fd = ::openat(directory_, log::segment_name(next, ending).data(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0) return;
        Floor().keep(fd, 0, size);
        ::close(fd);
    }
    prepared_ = next;
}

bool SealedStore::write_segment_head(std::uint64_t segment) {
    close_files();
    if (!open_files(segment, 0)) return false;
    // What a killed recorder had begun. Of files that were only prepared, not even that: it would give their room away.
    for (int fd : {records_, notes_})
        if (::lseek(fd, 0, SEEK_END) != 0 && ::ftruncate(fd, 0) < 0) return false;
    log::SegmentHead head;
    head.segment = segment;
    head.size = tree_.size();
    head.bytes = state_.bytes;
    std::ranges::copy(tree_.peaks(), head.peaks.begin());
    return write_all_or_nothing(records_, bytes_of(head), 0) && ::fdatasync(records_) == 0 && ::fsync(directory_) == 0;
}

/// What is too old, and what an earlier call was killed before.
void SealedStore::drop_segments() {
    for (auto old = state_.segment; old > limits_.keep; --old) {
        bool notes = remove(directory_, old - limits_.keep, log::kNotesEnding), records = remove(directory_, old - limits_.keep, log::kRecordsEnding);
        if (!notes && !records) return;
    }
}

// -------------------------------------------------------------------------------------------------------- sealing

void SealedStore::seal() {
    if (usable_ && state_.phase == Phase::open && records_ >= 0 && sync_records()) checkpoint(Mark::more_follow);
}

/// After a failure the kernel has dropped what it could not write: it counts as lost, and rather too much than too little.
bool SealedStore::sync_records() {
    if (unsynced_ == 0) return true;
    const bool synced = ::fdatasync(records_) == 0;
    if (!synced) count_loss(log::Cause::write_error, unsealed(), unsynced_);
    unsynced_ = 0;
    return synced;
}

bool SealedStore::checkpoint(Mark mark) {
    const log::Seed seed(state_.checkpoint_seed), next = seed.next();
    const auto time = now(CLOCK_REALTIME);
    note_time(time);
    log::Checkpoint checkpoint{{state_.name(), tree_.size(), tree_.root()}, state_.segment, state_.index, from_, until_, boot_, now(CLOCK_BOOTTIME), {}};
    if (mark == Mark::more_follow) checkpoint.next = next.public_key();
    if (!write_note(notes_, log::signed_note(log::write_body(checkpoint), state_.name(), seed).text(), state_.notes_end)) return false;
    ++state_.index;
    state_.size = tree_.size();
    state_.records_end = end_;
    std::ranges::copy(tree_.peaks(), state_.peaks.begin());
    state_.checkpoint_seed = next.bytes();
    if (mark == Mark::final) {
        state_.phase = Phase::closed;
        state_.bytes += end_ + state_.notes_end;
        state_.checkpoint_seed = {};
    }
    from_ = until_ = time;
    save();
    if (mark == Mark::more_follow) reserve();
    return true;
}

bool SealedStore::write_note(int fd, std::string_view note, std::uint64_t& end) {
    if (!write_all_or_nothing(fd, note, end)) return false;
    if (::fdatasync(fd) < 0) {
        (void)!::ftruncate(fd, static_cast<off_t>(end));
        return false;
    }
    end += note.size();
    return true;
}

/// Over the old bytes, so that the old key is nowhere.
bool SealedStore::save() {
    state_.check = state_.sum();
    saved_ = ::pwrite(seal_, &state_, sizeof state_, 0) == sizeof state_ && ::fdatasync(seal_) == 0;
    return saved_;
}

}  // namespace vs::recorder
