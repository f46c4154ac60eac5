// Part of a freestanding program: see recorder.cpp.

#include "programs/recorder/console_store.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>

namespace vs::recorder {

namespace {

constexpr const char* kCurrent = "console.log";
constexpr const char* kPrevious = "console.log.1";
constexpr const char* kOldest = "console.log.2";

/// Not renameat2(3), which becomes another system call when there are no flags: the filter knows this one.
bool rename(int directory, const char* from, const char* to) {
    return ::syscall(SYS_renameat2, directory, from, directory, to, 0) == 0;
}

const char* reason_of(int cause) { return cause == ENOSPC || cause == EDQUOT ? "disk full" : "write error"; }

}  // namespace

ConsoleStore::ConsoleStore(int directory, std::uint64_t limit) : directory_(directory), limit_(limit) {
    open();  // a failure shows again at the first append, which counts what it loses
}

ConsoleStore::~ConsoleStore() {
    if (fd_ >= 0) ::close(fd_);
}

void ConsoleStore::append(std::string_view bytes) {
    bool ready = (lost_ == 0 || tell_loss()) && make_room(bytes.size());
    std::size_t written = ready ? write(bytes) : 0;
    lost_ += bytes.size() - written;
}

void ConsoleStore::settle() {
    if (lost_ > 0) tell_loss();
    if (unsynced_ > 0) sync();
}

bool ConsoleStore::open() {
    fd_ = ::openat(directory_, kCurrent, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    off_t size = fd_ < 0 ? -1 : ::lseek(fd_, 0, SEEK_END);
    if (size < 0) {
        cause_ = errno;
        return false;
    }
    size_ = static_cast<std::uint64_t>(size);
    return true;
}

// Killed between the two renames, the store has a gap in the numbers and no gap in the bytes.
bool ConsoleStore::rotate() {
    sync();
    ::close(fd_);
    fd_ = -1;
    bool moved = rename(directory_, kPrevious, kOldest) || errno == ENOENT;
    moved = moved && rename(directory_, kCurrent, kPrevious);
    if (!moved) cause_ = errno;
    return moved;
}

bool ConsoleStore::make_room(std::uint64_t bytes) {
    if (fd_ < 0 && !open()) return false;
    if (size_ == 0 || size_ + bytes <= limit_) return true;
    return rotate() && open();
}

/// A whole line or nothing: half a number would be a lie.
bool ConsoleStore::tell_loss() {
    std::array<char, 80> text;
    int length = ::snprintf(text.data(), text.size(), "%s[%llu bytes lost: %s]\n", line_ended_ ? "" : "\n",
                            static_cast<unsigned long long>(lost_), reason_of(cause_));
    std::string_view line(text.data(), static_cast<std::size_t>(length));
    if (!make_room(line.size())) return false;
    const std::uint64_t size_before = size_;
    const bool line_ended_before = line_ended_;
    if (write(line) == line.size()) {
        lost_ = 0;
        return true;
    }
    if (::ftruncate(fd_, static_cast<off_t>(size_before)) == 0) {
        size_ = size_before;
        line_ended_ = line_ended_before;
    }
    return false;
}

/// How many of the bytes are in the file.
std::size_t ConsoleStore::write(std::string_view bytes) {
    std::size_t written = 0;
    while (written < bytes.size()) {
        ssize_t count = ::write(fd_, bytes.data() + written, bytes.size() - written);
        if (count <= 0) {
            cause_ = count < 0 ? errno : ENOSPC;
            break;
        }
        written += static_cast<std::size_t>(count);
    }
    if (written > 0) line_ended_ = bytes[written - 1] == '\n';
    size_ += written;
    unsynced_ += written;
    return written;
}

/// After a failure the kernel has dropped what it could not write: it counts as lost, and rather too much than too
/// little.
void ConsoleStore::sync() {
    if (::fdatasync(fd_) < 0) {
        cause_ = errno;
        lost_ += unsynced_;
    }
    unsynced_ = 0;
}

}  // namespace vs::recorder
