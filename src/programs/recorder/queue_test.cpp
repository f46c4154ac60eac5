// A datagram socket of the kernel's, as the keeper gives it.

#include "programs/recorder/queue.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>

#include "programs/small_program.hpp"

namespace vs::recorder {
namespace {

using programs::Spawned;

/// Two ends of a datagram socket that says who sends, as the keeper's do.
class Datagrams {
  public:
    Datagrams() {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends_), 0);
        const int on = 1;
        EXPECT_EQ(::setsockopt(ends_[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
    }
    ~Datagrams() {
        for (int end : ends_) ::close(end);
    }
    Datagrams(const Datagrams&) = delete;
    Datagrams& operator=(const Datagrams&) = delete;

    void send(std::string_view text) const { ASSERT_EQ(::send(ends_[1], text.data(), text.size(), MSG_DONTWAIT), static_cast<ssize_t>(text.size())); }
    void send_with(std::string_view text, int fd) const {
        iovec part{const_cast<char*>(text.data()), text.size()};
        alignas(cmsghdr) char room[CMSG_SPACE(sizeof fd)] = "";
        msghdr message{nullptr, 0, &part, 1, room, sizeof room, 0};
        auto* header = CMSG_FIRSTHDR(&message);
        *header = {CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS};
        std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
        ASSERT_EQ(::sendmsg(ends_[1], &message, 0), static_cast<ssize_t>(text.size()));
    }
    [[nodiscard]] int queue() const { return ends_[0]; }

  private:
    int ends_[2] = {-1, -1};
};

class QueueTest : public testing::Test {
  protected:
    /// What is seen, "a b c"; a cut one as "(length)".
    std::string look(Queue& queue) {
        std::string seen;
        for (const auto& message : queue.look(room_)) {
            if (!seen.empty()) seen += ' ';
            seen += message.is_whole() ? std::string(message.text) : fmt::format("({})", message.length);
        }
        return seen;
    }
    /// One after the other, as a recorder does.
    std::string take_all(Queue& queue) {
        std::string all;
        for (int i = 0; i < 1000; ++i) {
            const auto seen = look(queue);
            queue.take();
            if (seen.empty() && queue.look(room_).empty()) return all;
            all += seen + "|";
        }
        return all + "never ends";
    }

    Datagrams socket_;
    std::vector<char> room_ = std::vector<char>(log::kMostPayload);
};

TEST_F(QueueTest, is_looked_at_before_it_is_taken_and_nothing_is_lost_by_who_dies_in_between) {
    for (const char* text : {"one", "two", "three"}) socket_.send(text);
    {
        Queue killed(socket_.queue(), log::Source::datagram);
        EXPECT_NE(look(killed), "");
    }
    Queue next(socket_.queue(), log::Source::datagram);
    const auto all = take_all(next);
    for (const char* text : {"one", "two", "three"}) EXPECT_NE(all.find(text), std::string::npos) << all;
    EXPECT_EQ(take_all(next), "");
}

TEST_F(QueueTest, keeps_the_order_and_takes_each_once) {
    Queue queue(socket_.queue(), log::Source::datagram);
    EXPECT_EQ(take_all(queue), "");
    std::string expected;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 8; ++i) socket_.send(fmt::format("m{}{}", round, i));
        auto all = take_all(queue);
        std::ranges::replace(all, '|', ' ');
        EXPECT_EQ(all, fmt::format("m{0}0 m{0}1 m{0}2 m{0}3 m{0}4 m{0}5 m{0}6 m{0}7 ", round));
    }
}

// An empty datagram is no end, and the kernel passes over one that was looked at with an offset.
TEST_F(QueueTest, empty_messages_are_messages) {
    Queue queue(socket_.queue(), log::Source::datagram);
    std::size_t seen = 0;
    for (const char* text : {"", "a", "", "", "b", ""}) socket_.send(text);
    for (int i = 0; i < 20; ++i) {
        seen += queue.look(room_).size();
        queue.take();
    }
    EXPECT_EQ(seen, 6U);
}

TEST_F(QueueTest, empty_messages_that_a_killed_one_has_looked_at_are_not_passed_over) {
    for (const char* text : {"", "a", "", "b"}) socket_.send(text);
    for (int lives = 0; lives < 3; ++lives) {
        Queue killed(socket_.queue(), log::Source::datagram);
        (void)killed.look(room_);
        killed.take();  // one of them, by each
        (void)killed.look(room_);
    }
    Queue next(socket_.queue(), log::Source::datagram);
    const auto messages = next.look(room_);
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].text, "b");
}

TEST_F(QueueTest, of_what_is_too_long_the_beginning_is_kept_with_its_length) {
    int size = 1 << 20;
    ::setsockopt(socket_.queue(), SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    const std::string long_one(log::kMostPayload + 1, 'x'), just(log::kMostPayload, 'y');
    Queue queue(socket_.queue(), log::Source::datagram);
    socket_.send("before");
    socket_.send(long_one);
    socket_.send(just);
    socket_.send("after");
    auto all = take_all(queue);
    EXPECT_EQ(all, fmt::format("before|({})|{}|after|", long_one.size(), just));
}

TEST_F(QueueTest, who_sends_is_what_the_kernel_says_and_descriptors_are_not_kept) {
    const auto before = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
    Spawned child([&] {
        if (::setresgid(33, 33, 33) == 0 && ::setresuid(33, 33, 33) == 0) socket_.send("from a child");
    });
    const auto pid = static_cast<std::uint32_t>(child.pid());
    ASSERT_EQ(child.exit_status(), 0);
    for (int i = 0; i < 5; ++i) socket_.send_with("with a descriptor", STDERR_FILENO);
    Queue queue(socket_.queue(), log::Source::datagram);
    auto messages = queue.look(room_);
    ASSERT_FALSE(messages.empty());
    EXPECT_EQ(messages[0].text, "from a child");
    EXPECT_EQ(messages[0].pid, pid);
    EXPECT_EQ(messages[0].uid, ::getuid() == 0 ? 33U : ::getuid());
    queue.take();
    (void)take_all(queue);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}), before);
}

}  // namespace
}  // namespace vs::recorder
