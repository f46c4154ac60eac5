#include "sys/fd.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sys/call.hpp"

namespace vs::sys {

namespace {
constexpr int kOutOfTheWay = 64;
}

void Fd::reset() {
    if (value_ >= 0) ::close(std::exchange(value_, -1));
}

Result<Fd> duplicate(FdRef fd) {
    int copy = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3);
    if (copy < 0) return failed("duplicate descriptor {}", fd.get());
    return Fd(copy);
}

Result<Fd> duplicate_high(FdRef fd) {
    int copy = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, kOutOfTheWay);
    if (copy < 0) return failed("duplicate descriptor {}", fd.get());
    return Fd(copy);
}

Result<> inherit_as(FdRef fd, int number) {
    if (fd.get() == number) {
        if (::fcntl(number, F_SETFD, 0) < 0) return failed("keep descriptor {} across exec", number);
        return {};
    }
    if (::dup2(fd.get(), number) < 0) return failed("dup2 {} to {}", fd.get(), number);
    return {};
}

Result<> place_descriptors(const std::vector<FdRef>& fds, int first) {
    const int end = first + static_cast<int>(fds.size());
    std::vector<Fd> lifted;  // out of the way: those that stand where another goes
    std::vector<int> from;
    for (auto fd : fds) {
        const bool in_the_way = fd.get() >= first && fd.get() < end;
        if (in_the_way) lifted.push_back(TRY(duplicate_high(fd)));
        from.push_back(in_the_way ? lifted.back().get() : fd.get());
    }
    for (int number = first; number < end; ++number) {
        const int fd = from[static_cast<std::size_t>(number - first)];
        if (fd < 0) ::close(number);
        else if (::dup2(fd, number) < 0) return failed("place a descriptor at {}", number);
    }
    return {};
}

Result<> silence_standard() {
    int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) return failed("open '/dev/null'");
    Fd null(fd);
    for (int number = 0; number < 3; ++number)
        if (::dup2(null.get(), number) < 0) return failed("silence descriptor {}", number);
    return {};
}

Result<Pipe> make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return failed("pipe2");
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

Result<SocketPair> make_socket_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return failed("socketpair");
    return SocketPair{SocketFd(ends[0]), SocketFd(ends[1])};
}

Result<> send_message(FdRef socket, std::string_view text) {
    if (::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return failed("send a message");
    return {};
}

namespace {

/// ECONNRESET is told once, before what the other side has said: it ended with something unread (unix_release_sock() in net/unix/af_unix.c).
bool tells_nothing(int error) { return error == EINTR || error == ECONNRESET; }

}  // namespace

Result<std::string> receive_message(FdRef socket) {
    std::string text;
    ssize_t count = -1;
    text.resize_and_overwrite(65536, [&](char* room, std::size_t size) {
        do count = ::recv(socket.get(), room, size, 0);
        while (count < 0 && tells_nothing(errno_now()));
        return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
    });
    if (count < 0) return failed("receive a message");
    return text;
}

Result<std::size_t> next_message_size(FdRef socket) {
    ssize_t size = -1;
    do size = ::recv(socket.get(), nullptr, 0, MSG_PEEK | MSG_TRUNC);
    while (size < 0 && tells_nothing(errno_now()));
    if (size < 0) return failed("look at a message");
    return static_cast<std::size_t>(size);
}

bool is_mere_stream(FdRef fd) {
    struct stat status {};
    if (::fstat(fd.get(), &status) < 0) return true;  // nothing goes in
    if (S_ISREG(status.st_mode)) return (::fcntl(fd.get(), F_GETFL) & O_ACCMODE) == O_RDONLY;
    return S_ISFIFO(status.st_mode) || (S_ISCHR(status.st_mode) && status.st_rdev == makedev(1, 3));
}

Result<> close_on_exec_from(int first) {
    if (::close_range(static_cast<unsigned>(first), ~0U, CLOSE_RANGE_CLOEXEC) < 0) return failed("close_range from {}", first);
    return {};
}

namespace {

constexpr std::size_t kMostFds = 8;

struct FdMessage {
    char byte = 'f';
    iovec data{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMostFds)> control{};
    msghdr header{};

    explicit FdMessage(std::size_t count) {
        header.msg_iov = &data;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    }
};

}  // namespace

Result<> send_fd(FdRef socket, FdRef fd) {
    FdMessage message(1);
    cmsghdr* part = CMSG_FIRSTHDR(&message.header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    int value = fd.get();
    std::memcpy(CMSG_DATA(part), &value, sizeof value);
    if (::sendmsg(socket.get(), &message.header, MSG_NOSIGNAL) < 0) return failed("send descriptor {}", value);
    return {};
}

Result<std::vector<Fd>> receive_fds(FdRef socket, std::size_t count) {
    FdMessage message(kMostFds);
    auto size = ::recvmsg(socket.get(), &message.header, MSG_CMSG_CLOEXEC);
    if (size < 0) return failed("receive descriptors");
    std::vector<Fd> received;
    for (cmsghdr* part = CMSG_FIRSTHDR(&message.header); part != nullptr; part = CMSG_NXTHDR(&message.header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        for (std::size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
            int value = -1;
            std::memcpy(&value, CMSG_DATA(part) + at, sizeof value);
            received.emplace_back(value);
        }
    }
    if (received.size() != count || (message.header.msg_flags & MSG_CTRUNC) != 0)
        return fail(Code::failed, "expected {} descriptors from the other process and got {}", count, received.size());
    return received;
}

Result<Fd> receive_fd(FdRef socket) {
    auto received = TRY(receive_fds(socket, 1));
    return std::move(received.front());
}

}  // namespace vs::sys
