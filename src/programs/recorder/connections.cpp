// Part of a freestanding program: see recorder.cpp.

#include "programs/recorder/connections.hpp"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "server/keeper_protocol.hpp"

namespace vs::recorder {

namespace {

/// A message of the queue: a connection, or the mark at which somebody began to go round it.
struct Kept {
    pid_t mark = 0;
    iovec data{&mark, sizeof mark};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};

    Kept() {
        header.msg_iov = &data;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
    }
    [[nodiscard]] int descriptor() const {
        const auto* part = CMSG_FIRSTHDR(&header);
        int fd = -1;
        if (part != nullptr && part->cmsg_type == SCM_RIGHTS) ::memcpy(&fd, CMSG_DATA(part), sizeof fd);
        return fd;
    }
};

void send_mark(pid_t mark) { ::send(keeper::kKeptIn, &mark, sizeof mark, MSG_DONTWAIT | MSG_NOSIGNAL); }

bool keep(int fd) {
    Kept message;
    auto* part = CMSG_FIRSTHDR(&message.header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof fd);
    ::memcpy(CMSG_DATA(part), &fd, sizeof fd);
    return ::sendmsg(keeper::kKeptIn, &message.header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

std::uint64_t inode_of(int fd) {
    struct stat status {};
    return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

/// Away from the numbers of the store's files, of which one may be free at the moment.
int move_up(int fd) {
    if (fd < 0 || fd >= kFirstConnection) return fd;
    const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, kFirstConnection);
    ::close(fd);
    return moved;
}

Sender sender_of(int fd) {
    ucred peer{};
    socklen_t size = sizeof peer;
    ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    return {log::Source::stream, log::Flag::none, static_cast<std::uint32_t>(peer.pid), guest_uid(peer.uid)};
}

}  // namespace

bool Connections::knows(std::uint64_t inode) const {
    return std::ranges::any_of(slots_, [&](const Slot& slot) { return slot.fd >= 0 && slot.inode == inode; });
}

/// A free one, or the one that has been silent for longest. What waits in that is read first, but no more than waits in any: who
/// writes faster than we read would keep us there.
Connections::Slot& Connections::free_slot() {
    auto* slot = std::ranges::find(slots_, -1, &Slot::fd);
    if (slot != slots_.end()) return *slot;
    slot = std::ranges::min_element(slots_, {}, &Slot::last_use);
    constexpr int kMostReads = 64;
    auto taken = Inbox::Taken::something;
    for (int i = 0; i < kMostReads && (taken == Inbox::Taken::something || taken == Inbox::Taken::too_much); ++i)
        taken = inbox_.take_stream(slot->fd, slot->sender);
    close(*slot);
    return *slot;
}

bool Connections::add(int fd) {
    auto& slot = free_slot();
    slot = {fd, inode_of(fd), sender_of(fd), ++uses_};
    return true;
}

void Connections::restore() { rotate(Keep::all, 0); }

void Connections::accept() {
    const int fd = move_up(::accept4(keeper::kStreamSocket, nullptr, nullptr, SOCK_CLOEXEC));
    if (fd < 0) return;
    keep(fd);
    add(fd);
}

bool Connections::take(std::size_t index) {
    auto& slot = slots_[index];
    slot.last_use = ++uses_;
    auto taken = inbox_.take_stream(slot.fd, slot.sender);
    if (taken == Inbox::Taken::end) close(slot);
    return taken != Inbox::Taken::too_much;
}

void Connections::close(Slot& slot) {
    rotate(Keep::all_but_one, slot.inode);
    ::close(slot.fd);
    slot = {};
}

/// Once round the queue. Each is put in again at the end before it is taken from the beginning: whoever is killed meanwhile leaves
/// one twice, and none less.
void Connections::rotate(Keep keep, std::uint64_t inode) {
    const pid_t mark = ::getpid();
    send_mark(mark);
    for (;;) {
        Kept head;
        if (::recvmsg(keeper::kKeptOut, &head.header, MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) < 0) return;
        const int fd = head.descriptor();
        if (fd >= 0) visit(move_up(fd), keep, inode);
        ::recv(keeper::kKeptOut, &head.mark, sizeof head.mark, MSG_DONTWAIT);
        if (fd < 0 && head.mark == mark) return;
    }
}

void Connections::visit(int fd, Keep which, std::uint64_t inode) {
    if (fd < 0) return;
    const auto own = inode_of(fd);
    const bool unwanted = which == Keep::all_but_one ? own == inode : knows(own);
    if (!unwanted) keep(fd);
    if (!unwanted && which == Keep::all) add(fd);
    else ::close(fd);
}

}  // namespace vs::recorder
