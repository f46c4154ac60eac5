#include "sys/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>

#include "sys/own_namespaces.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::sys {
namespace {

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

TEST(Fd, closes_at_scope_end) {
    int number = -1;
    {
        auto pipe = make_pipe().value();
        number = pipe.read.get();
        EXPECT_TRUE(is_open(number));
    }
    EXPECT_FALSE(is_open(number));
}

TEST(Fd, move_assignment_closes_the_old_one) {
    auto a = make_pipe().value();
    auto b = make_pipe().value();
    int old = a.read.get();

    a.read = std::move(b.read);

    EXPECT_FALSE(is_open(old));
    EXPECT_FALSE(b.read.is_open());
}

TEST(Fd, duplicate_is_close_on_exec_and_above_the_standard_ones) {
    Fd copy = duplicate(FdRef(0)).value();

    EXPECT_GE(copy.get(), 3);
    EXPECT_NE(::fcntl(copy.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Fd, passes_over_a_socket) {
    auto sockets = make_socket_pair().value();
    auto pipe = make_pipe().value();

    ASSERT_TRUE(send_fd(sockets.ours, pipe.write));
    Fd received = receive_fd(sockets.theirs).value();

    ASSERT_EQ(::write(received.get(), "x", 1), 1);
    char byte = 0;
    ASSERT_EQ(::read(pipe.read.get(), &byte, 1), 1);
    EXPECT_EQ(byte, 'x');
    EXPECT_NE(::fcntl(received.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(Fd, receive_says_when_the_other_side_ended) {
    auto sockets = make_socket_pair().value();
    sockets.ours.reset();

    EXPECT_FALSE(receive_fd(sockets.theirs));
}

TEST(Fd, a_message_arrives_whole_and_the_end_is_an_empty_one) {
    auto sockets = make_socket_pair().value();
    for (const auto& text : {std::string("x"), std::string(60'000, 'y'), std::string("\0a\n", 3)}) {
        ASSERT_TRUE(send_message(sockets.ours, text));
        EXPECT_EQ(next_message_size(sockets.theirs).value(), text.size()) << "told without taking it";
        EXPECT_EQ(receive_message(sockets.theirs).value(), text);
    }
    sockets.ours.reset();
    EXPECT_EQ(next_message_size(sockets.theirs).value(), 0U);
    EXPECT_EQ(receive_message(sockets.theirs).value(), "");
    auto gone = send_message(sockets.theirs, "x");
    ASSERT_FALSE(gone) << "and no signal";
    EXPECT_EQ(gone.error().errno_value, EPIPE);
}

TEST(Fd, what_somebody_said_before_he_ended_is_heard_though_he_left_something_unread) {
    for (bool looked_at : {false, true}) {
        auto sockets = make_socket_pair().value();
        ASSERT_TRUE(send_message(sockets.ours, "nobody reads this"));
        ASSERT_TRUE(send_message(sockets.theirs, "why"));
        sockets.theirs.reset();
        if (looked_at) {
            EXPECT_EQ(next_message_size(sockets.ours).value(), 3U);
        }
        EXPECT_EQ(receive_message(sockets.ours).value(), "why");
        EXPECT_EQ(receive_message(sockets.ours).value(), "");
    }
}

/// A message of a stranger's: so many descriptors, in one or several parts.
void send_descriptors(FdRef socket, const std::vector<int>& fds) {
    char byte = 'f';
    iovec data{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int) * 32)]{};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    if (!fds.empty()) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
        auto* part = CMSG_FIRSTHDR(&header);
        *part = {CMSG_LEN(sizeof(int) * fds.size()), SOL_SOCKET, SCM_RIGHTS};
        std::memcpy(CMSG_DATA(part), fds.data(), sizeof(int) * fds.size());
    }
    ASSERT_EQ(::sendmsg(socket.get(), &header, MSG_NOSIGNAL), 1);
}

int lowest_free() {
    int fd = ::dup(0);
    ::close(fd);
    return fd;
}

TEST(Fd, descriptors_come_as_many_as_were_agreed_or_none_and_no_stranger_fills_our_table) {
    auto sockets = make_socket_pair().value();
    for (std::size_t sent : {0U, 1U, 2U, 3U, 8U, 9U, 30U}) {
        const int before = lowest_free();
        send_descriptors(sockets.ours, std::vector<int>(sent, 0));
        auto received = receive_fds(sockets.theirs, 2);
        EXPECT_EQ(received.has_value(), sent == 2) << sent;
        if (received) {
            EXPECT_EQ(received->size(), 2U);
            for (const auto& fd : *received) EXPECT_TRUE(is_open(fd.get()) && (::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC) != 0);
            received->clear();
        }
        EXPECT_EQ(lowest_free(), before) << sent << ": what nobody wants is closed";
    }
}

/// The files that descriptors lead to, in this order.
std::string marks(int first, std::size_t count) {
    std::string found;
    for (std::size_t i = 0; i < count; ++i) {
        char mark = '-';
        (void)!::pread(first + static_cast<int>(i), &mark, 1, 0);
        found += mark;
    }
    return found;
}

TEST(Fd, descriptors_are_placed_whatever_stood_there) {
    ScratchDir scratch;
    for (const char* mark : {"a", "b", "c"}) scratch.write(mark, mark);
    // Which file has which number before, from 40 on, and in which order they are to stand from 40 on; '-' is closed.
    struct Case { const char* before; const char* after; };
    for (const auto& [before, after] : {Case{"abc", "abc"}, Case{"abc", "cab"}, Case{"abc", "bca"}, Case{"abc", "ba-"}, Case{"abc", "-ab"}, Case{"abc", "aaa"}, Case{"abc", "---"}, Case{"c", "abc"}}) {
        in_own_namespaces(0, [&] {
            std::map<char, Fd> files;
            for (char mark : {'a', 'b', 'c'}) files[mark] = duplicate_high(open_at(scratch.dir(), std::string(1, mark), O_RDONLY).value()).value();
            std::map<char, int> at;
            for (auto& [mark, fd] : files) at[mark] = fd.get();
            for (std::size_t i = 0; before[i] != '\0'; ++i) ASSERT_EQ(::dup2(files[before[i]].get(), at[before[i]] = 40 + static_cast<int>(i)), at[before[i]]);
            std::vector<FdRef> wanted;
            for (const char* mark = after; *mark != '\0'; ++mark) wanted.emplace_back(*mark == '-' ? -1 : at[*mark]);
            ASSERT_TRUE(place_descriptors(wanted, 40));
            EXPECT_EQ(marks(40, wanted.size()), after) << before;
            for (int fd = 40; fd < 43; ++fd) EXPECT_FALSE(is_open(fd) && (::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0) << "kept across exec";
        });
    }
}

TEST(Fd, what_is_handed_to_a_program_is_kept_across_exec_and_nothing_else_is) {
    in_own_namespaces(0, [] {
        auto pipe = make_pipe().value();
        ASSERT_TRUE(inherit_as(pipe.write, 50));
        ASSERT_TRUE(inherit_as(pipe.read, pipe.read.get())) << "in its own place";
        EXPECT_EQ(::fcntl(50, F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_EQ(::fcntl(pipe.read.get(), F_GETFD) & FD_CLOEXEC, 0);
        ASSERT_TRUE(close_on_exec_from(50));
        EXPECT_NE(::fcntl(50, F_GETFD) & FD_CLOEXEC, 0);
        EXPECT_EQ(::fcntl(pipe.read.get(), F_GETFD) & FD_CLOEXEC, 0) << "below 50";
        EXPECT_FALSE(inherit_as(FdRef(999), 51));
        ASSERT_TRUE(silence_standard());
        for (int fd = 0; fd < 3; ++fd) EXPECT_TRUE(is_mere_stream(FdRef(fd)));
    });
}

TEST(Fd, a_mere_stream_is_what_nothing_else_can_be_done_with) {
    ScratchDir scratch;
    scratch.write("file", "x");
    auto pipe = make_pipe().value();
    auto sockets = make_socket_pair().value();
    struct Case { const char* what; Fd fd; bool is_mere; };
    Case cases[] = {{"a pipe", std::move(pipe.read), true}, {"/dev/null", open_at(kHere, "/dev/null", O_RDWR).value(), true},
                    {"a file to read", open_at(scratch.dir(), "file", O_RDONLY).value(), true}, {"a file to write", open_at(scratch.dir(), "file", O_WRONLY).value(), false},
                    {"a file for both", open_at(scratch.dir(), "file", O_RDWR).value(), false}, {"a directory", open_at(scratch.dir(), ".", O_RDONLY).value(), false},
                    {"a socket", Fd(sockets.ours.release()), false}, {"/dev/zero", open_at(kHere, "/dev/zero", O_RDONLY).value(), false}, {"nothing", Fd(), true}};
    for (const auto& [what, fd, is_mere] : cases) EXPECT_EQ(is_mere_stream(fd), is_mere) << what;
}

}  // namespace
}  // namespace vs::sys
