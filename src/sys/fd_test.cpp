#include "sys/fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

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

}  // namespace
}  // namespace vs::sys
