#include "guard/look.hpp"

#include <fcntl.h>

#include <tuple>

#include "sys/content.hpp"
#include "sys/file.hpp"
#include "sys/xattr.hpp"

namespace vs::guard {

namespace {

constexpr std::int64_t kNanoseconds = 1'000'000'000;

std::int64_t in_nanoseconds(const timespec& time) {
    constexpr std::int64_t kMost = INT64_MAX / kNanoseconds - 1;
    return time.tv_sec < 0 || time.tv_sec > kMost ? 0 : std::int64_t{time.tv_sec} * kNanoseconds + time.tv_nsec;
}

Kind kind_of(const struct stat& status) {
    switch (status.st_mode & S_IFMT) {
        case S_IFREG: return Kind::file;
        case S_IFDIR: return Kind::directory;
        case S_IFLNK: return Kind::link;
        case S_IFIFO: return Kind::fifo;
        case S_IFSOCK: return Kind::socket;
        case S_IFCHR: return status.st_rdev == 0 ? Kind::whiteout : Kind::device;
        default: return Kind::device;
    }
}

}  // namespace

Entry entry_of(const std::string& path, const struct stat& status) {
    Entry entry;
    entry.path = path;
    entry.kind = kind_of(status);
    entry.mode = status.st_mode & 07777;
    entry.uid = status.st_uid;
    entry.gid = status.st_gid;
    if (entry.kind == Kind::file) entry.size = static_cast<std::uint64_t>(status.st_size);
    entry.stamp = {status.st_ino, in_nanoseconds(status.st_ctim)};
    return entry;
}

Result<sys::Fd> open_file(const sys::DirFd& dir, const std::string& name, const struct stat& expected) {
    // O_NONBLOCK: should it have become a fifo meanwhile, nothing waits for a writer.
    auto file = TRY(sys::open_beneath(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    auto status = TRY(sys::stat_fd(file));
    if (!S_ISREG(status.st_mode) || status.st_ino != expected.st_ino) return fail(Code::busy, "it is being replaced");
    return file;
}

Result<> Looker::add_xattrs(sys::FdRef file, Entry& entry) {
    constexpr std::string_view kOverlay = "trusted.overlay.";
    std::vector<std::pair<std::string, std::string>> pairs;
    for (auto& name : TRY(sys::list_xattrs(file))) {
        if (name.starts_with(kOverlay)) continue;
        auto value = TRY(sys::get_xattr(file, name));
        if (name == sys::kCapabilityXattr && entry.kind == Kind::file) entry.capability = true;
        if (value) pairs.emplace_back(std::move(name), std::move(*value));
    }
    entry.xattrs = digest_of_pairs(pairs);
    return {};
}

bool Looker::recall(Entry& entry, const Known& known) const {
    auto found = known.find(entry.path);
    if (orders_.storage == Storage::compared || found == known.end()) return false;
    const auto& old = found->second;
    auto facts = [](const Entry& e) { return std::tie(e.stamp, e.kind, e.mode, e.uid, e.gid, e.size); };
    if (old.stamp.changed == 0 || facts(old) != facts(entry)) return false;
    if (entry.kind == Kind::file && old.digest.empty()) return false;
    entry = old;
    return true;
}

/// A second change within the same tick of the clock leaves the same ctime. A ctime that lies ahead says that the clock was
/// set, and means nothing either.
Result<> Looker::forget_if_young(sys::FdRef file, Entry& entry) const {
    constexpr std::int64_t kTwoTicks = 2 * kNanoseconds / 100;  // the slowest clock of a kernel has 100 a second
    bool young = entry.stamp.changed + kTwoTicks > clock_;
    if (young || !TRY(sys::keeps_change_times(file))) entry.stamp.changed = 0;
    return {};
}

/// Until a reading saw no change at all. Writing back makes every later store through a mapping move the ctime, so the first look comes
/// before it: a store that slips in meanwhile leaves the page dirty, and those that follow move nothing.
Result<> Looker::read_file(const Copies& copies, Entry& entry) {
    const auto file = copies.cached;
    constexpr int kTries = 3;
    for (int tries = 0; tries < kTries; ++tries) {
        begin();
        auto path = std::move(entry.path);
        entry = entry_of(path, TRY(sys::stat_fd(file)));
        TRY(sys::write_back(file));
        auto content = TRY(reader_.read(copies, entry.size, left_));
        entry.digest = std::move(content.digest);
        TRY(add_xattrs(file, entry));
        ++survey_.hashed;
        auto after = entry_of(entry.path, TRY(sys::stat_fd(file)));
        if (after.stamp != entry.stamp || after.size != entry.size) continue;
        if (!content.agrees) survey_.disagreeing.push_back(entry.path);
        return forget_if_young(file, entry);
    }
    return fail(Code::busy, "it changes while it is read");
}

Result<std::string> Looker::past_digest(sys::FdRef file, const Entry& entry) {
    auto accepted = orders_.grown_from.find(entry.path);
    if (accepted == orders_.grown_from.end() || accepted->second > entry.size) return std::string();
    if (accepted->second == entry.size) return entry.digest;
    return TRY(reader_.read({file}, accepted->second, left_)).digest;
}

Result<std::optional<Entry>> Looker::look_below(const sys::DirFd& below, const std::string& name, const Entry& now) {
    auto status = sys::stat_at(below, name);
    if (!status && (status.error().errno_value == ENOENT || status.error().errno_value == ENOTDIR)) return std::nullopt;
    if (!status) return std::unexpected<Error>(status.error());
    auto entry = entry_of(now.path, *status);
    if (entry.kind == Kind::whiteout) return std::nullopt;
    if (entry.kind == Kind::link) entry.target = TRY(sys::read_link(below, name));
    if (entry.kind == Kind::directory) TRY(add_xattrs(TRY(sys::open_beneath(below, name, O_RDONLY | O_DIRECTORY)), entry));
    bool may_be_same = entry.kind == Kind::file && now.kind == Kind::file && (entry.size == now.size);
    if (may_be_same && !recall(entry, orders_.known_below)) TRY(read_file({TRY(open_file(below, name, *status))}, entry));
    return std::optional(std::move(entry));
}

Result<std::optional<sys::Fd>> Looker::open_storage(const sys::DirFd& dir, const std::string& name) const {
    if (orders_.storage == Storage::trusted) return std::nullopt;
    auto file = TRY(sys::open_beneath(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    if (!TRY(sys::read_storage_directly(file))) return std::nullopt;
    return std::optional(std::move(file));
}

}  // namespace vs::guard
