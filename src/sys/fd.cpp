#include "sys/fd.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "sys/call.hpp"

namespace vs::sys {

void Fd::reset() {
    if (value_ >= 0) ::close(std::exchange(value_, -1));
}

Result<Fd> duplicate(FdRef fd) {
    int copy = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, 3);
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

Result<> close_on_exec_from(int first) {
    if (::close_range(static_cast<unsigned>(first), ~0U, CLOSE_RANGE_CLOEXEC) < 0) return failed("close_range from {}", first);
    return {};
}

namespace {

struct FdMessage {
    char byte = 'f';
    iovec data{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};

    FdMessage() {
        header.msg_iov = &data;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
    }
};

}  // namespace

Result<> send_fd(FdRef socket, FdRef fd) {
    FdMessage message;
    cmsghdr* part = CMSG_FIRSTHDR(&message.header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    int value = fd.get();
    std::memcpy(CMSG_DATA(part), &value, sizeof value);
    if (::sendmsg(socket.get(), &message.header, MSG_NOSIGNAL) < 0) return failed("send descriptor {}", value);
    return {};
}

Result<Fd> receive_fd(FdRef socket) {
    FdMessage message;
    auto count = ::recvmsg(socket.get(), &message.header, MSG_CMSG_CLOEXEC);
    if (count < 0) return failed("receive a descriptor");
    cmsghdr* part = CMSG_FIRSTHDR(&message.header);
    if (count == 0 || part == nullptr || part->cmsg_type != SCM_RIGHTS || part->cmsg_len != CMSG_LEN(sizeof(int)))
        return fail(Code::failed, "the other process ended without sending a descriptor");
    int value = -1;
    std::memcpy(&value, CMSG_DATA(part), sizeof value);
    return Fd(value);
}

}  // namespace vs::sys
