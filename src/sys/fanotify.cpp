#include "sys/fanotify.hpp"

#include <fcntl.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "sys/call.hpp"
#include "sys/file.hpp"

namespace vs::sys {

namespace {

static_assert(kNameOnly == (O_PATH | O_CLOEXEC));
constexpr std::uint64_t kEntry = FAN_CREATE | FAN_DELETE | FAN_MOVED_FROM | FAN_MOVED_TO;
constexpr std::uint64_t kStatus = FAN_ATTRIB;
constexpr std::uint64_t kAll = kEntry | kStatus | FAN_CLOSE_WRITE | FAN_ONDIR;

FileChange change_of(std::uint64_t mask) {
    if ((mask & kEntry) != 0) return FileChange::entry;
    return (mask & kStatus) != 0 ? FileChange::status : FileChange::content;
}

/// The handle of a directory and a name behind it, as one record of an event has them.
struct Place {
    std::vector<char> handle;  ///< a file_handle
    std::string name;
};

Place place_of(const char* info, std::size_t size) {
    Place place;
    constexpr std::size_t kHeader = sizeof(fanotify_event_info_fid);
    file_handle handle{};
    if (size < kHeader + sizeof handle) return place;
    std::memcpy(&handle, info + kHeader, sizeof handle);
    auto length = sizeof handle + handle.handle_bytes;
    if (size < kHeader + length) return place;
    place.handle.assign(info + kHeader, info + kHeader + length);
    place.name.assign(info + kHeader + length, ::strnlen(info + kHeader + length, size - kHeader - length));
    return place;
}

/// Turns handles into paths, and remembers the last: events come in runs.
class Namer {
  public:
    explicit Namer(FdRef mount) : mount_(mount) {}

    std::string path_of(const std::vector<char>& handle) {
        if (handle == handle_) return path_;
        handle_ = handle;
        path_.clear();
        if (handle.empty()) return path_;
        auto copy = handle;
        Fd directory(::open_by_handle_at(mount_.get(), reinterpret_cast<file_handle*>(copy.data()), kNameOnly));
        if (!directory.is_open()) return path_;
        auto path = read_link(kHere, fmt::format("/proc/self/fd/{}", directory.get()));
        too_long_ = too_long_ || (!path && path.error().errno_value == ENAMETOOLONG);
        if (path && !is_deleted(directory, *path)) path_ = std::move(*path);
        return path_;
    }

    /// There was one that has no path of at most 4,096 bytes.
    [[nodiscard]] bool met_one_too_long() const { return too_long_; }

  private:
    /// The name alone does not tell: a guest may call a directory "x (deleted)", and what it does there must not go unseen.
    static bool is_deleted(FdRef directory, const std::string& path) {
        if (!path.ends_with(" (deleted)")) return false;
        auto status = stat_fd(directory);
        return status && status->st_nlink == 0;
    }

    FdRef mount_;
    bool too_long_ = false;
    std::vector<char> handle_;
    std::string path_;
};

}  // namespace

Result<FileWatch> FileWatch::open(const std::string& path) {
    Fd group(::fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC));
    if (!group.is_open()) return failed("fanotify_init");
    auto mount = TRY(open_dir(kHere, path));
    if (::fanotify_mark(group.get(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, kAll, mount.get(), nullptr) < 0) return failed("watch the file system of '{}'", path);
    return FileWatch(std::move(group), std::move(mount));
}

Result<FileWatch::Batch> FileWatch::read() const {
    Batch batch;
    Namer namer(mount_);
    alignas(fanotify_event_metadata) std::array<char, 65536> buffer;
    constexpr std::size_t kEnough = 4096;
    while (batch.events.size() < kEnough) {
        auto got = ::read(group_.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EAGAIN) return batch;
        if (got < 0) return failed("read file events");
        auto left = static_cast<std::size_t>(got);
        for (const char* at = buffer.data(); left >= sizeof(fanotify_event_metadata);) {
            fanotify_event_metadata event{};
            std::memcpy(&event, at, sizeof event);
            if (event.event_len < event.metadata_len || event.event_len > left) break;
            if ((event.mask & FAN_Q_OVERFLOW) != 0) batch.lost = true;
            auto place = place_of(at + event.metadata_len, event.event_len - event.metadata_len);
            if (!place.handle.empty()) batch.events.push_back({change_of(event.mask), event.pid, namer.path_of(place.handle), std::move(place.name)});
            at += event.event_len, left -= event.event_len;
        }
        batch.lost = batch.lost || namer.met_one_too_long();
    }
    return batch;
}

}  // namespace vs::sys
