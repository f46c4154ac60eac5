// What comes in at a recorder's sockets and its console, with the kernel's own sockets under the numbers that a keeper gives it.

#include "programs/recorder/inbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "log/machine.hpp"
#include "programs/recorder/connections.hpp"
#include "programs/recorder/queue.hpp"
#include "programs/small_program.hpp"
#include "server/keeper_protocol.hpp"

namespace vs::recorder {
namespace {

using programs::Spawned;

constexpr Rate kAmple{1'000'000, 1'000'000'000};

// ---------------------------------------------------------------------------------------------------- the budget

constexpr auto kHalfMinute = 30U;

/// How many of `messages` of `bytes` each are taken at once.
unsigned taken(Bucket& bucket, unsigned messages, std::uint64_t bytes, const Rate& rate, std::int64_t now) {
    unsigned count = 0;
    for (unsigned i = 0; i < messages; ++i) count += bucket.take(bytes, rate, now) ? 1 : 0;
    return count;
}

TEST(Budget, gives_half_a_minutes_worth_at_once_and_then_the_rate) {
    struct Case {
        Rate rate;
        std::uint64_t bytes;
        unsigned at_once;
    };
    for (const auto& [rate, bytes, at_once] : {Case{{10, 1'000'000}, 1, 10 * kHalfMinute + 1}, Case{{1, 1'000'000}, 100, kHalfMinute + 1},
                                               Case{{1'000'000, 1000}, 100, 10 * kHalfMinute + 1}, Case{{1'000'000, 1000}, 65536, 1}}) {
        Bucket bucket;
        EXPECT_EQ(taken(bucket, 1000, bytes, rate, kSecond * 1000), at_once) << rate.records << " " << bytes;
        EXPECT_FALSE(bucket.take(bytes, rate, kSecond * 1001 - 1)) << "used up, it gives nothing for a second";
    }
}

TEST(Budget, what_is_not_used_is_not_saved_beyond_the_burst) {
    Bucket bucket;
    constexpr Rate kRate{10, 1 << 20};
    EXPECT_EQ(taken(bucket, 1000, 1, kRate, kSecond), 301U);
    EXPECT_EQ(taken(bucket, 1000, 1, kRate, kSecond * 3), 20U) << "two seconds later: two seconds' worth";
    EXPECT_EQ(taken(bucket, 1000, 1, kRate, kSecond * 100'000), 301U);
}

TEST(Budget, drops_come_in_few_pieces) {
    Bucket bucket;
    unsigned pieces = 0;
    bool before = true;
    for (std::int64_t now = kSecond; now < 120 * kSecond; now += kSecond / 1000) {  // a thousand a second where ten may
        const bool fits = bucket.take(1, {10, 1 << 20}, now);
        pieces += before && !fits ? 1 : 0;
        before = fits;
    }
    EXPECT_LE(pieces, 120U) << "one gap in a second at most";
    EXPECT_GE(pieces, 60U);
}

TEST(Budget, no_way_in_and_no_user_takes_what_another_needs) {
    Budget budget(Rate{1, 1000});
    auto use_up = [&](log::Source source, std::uint32_t uid) {
        unsigned count = 0;
        while (count < 100 && budget.take(source, uid, 1, kSecond)) ++count;
        return count;
    };
    for (auto source : {log::Source::console, log::Source::datagram, log::Source::stream, log::Source::journal}) {
        EXPECT_EQ(use_up(source, 33), 31U);
        EXPECT_EQ(use_up(source, 34), 0U) << "everybody but root shares one";
        EXPECT_EQ(use_up(source, 0), 31U);
    }
    EXPECT_EQ(use_up(log::Source::host, 0), 100U) << "the host's own words always fit";
    EXPECT_EQ(use_up(log::Source::host, 33), 100U);
}

TEST(Sender, is_numbered_as_inside_its_server) {
    struct Case {
        std::uint32_t outside, inside;
    };
    for (auto [outside, inside] : {Case{0, 0}, Case{33, 33}, Case{65534, 65534}, Case{0x6fffffff, 0x6fffffff}, Case{0x70000000, 0}, Case{0x7000ffff, 65535}, Case{0x70010021, 33},
                                   Case{0xffffffff, 65535}})
        EXPECT_EQ(guest_uid(outside), inside) << outside;
}

// -------------------------------------------------------------------------------------------------------- a queue

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

// --------------------------------------------------------------------------------------------- all that comes in

/// A recorder's sockets and store, in a process of their own: the numbers are fixed, and others have them here.
class Recorder {
  public:
    Recorder() {
        std::string pattern = "/dev/shm/inbox-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
        place(::open(path_.c_str(), O_RDONLY | O_DIRECTORY), keeper::kLogDir);
        log::Seed seed(std::array<std::uint8_t, 32>{7});
        const sys::DirFd directory(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        EXPECT_TRUE(log::make_log({"vserver/test/00", ::getuid()}, directory, seed));
        listen();
        int kept[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_DGRAM, 0, kept), 0);
        const int high = ::fcntl(kept[0], F_DUPFD, 100);
        place(kept[1], keeper::kKeptOut);
        place(high, keeper::kKeptIn);
        begin();
    }
    ~Recorder() { std::filesystem::remove_all(path_); }
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    /// As one that has been killed is followed by the next.
    void begin() {
        connections_.reset();
        inbox_.reset();
        store_.reset();
        for (int fd = kFirstConnection; fd <= kLastConnection; ++fd) ::close(fd);
        store_.emplace(keeper::kLogDir, log::Limits{1 << 20, 3}, log::BootId{1});
        EXPECT_TRUE(store_->open());
        inbox_.emplace(*store_, kAmple);
        connections_.emplace(*inbox_);
        connections_->restore();
    }
    /// A client of the stream socket, whom the recorder has accepted.
    int connect() {
        const int low = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), client = ::fcntl(low, F_DUPFD_CLOEXEC, 100);
        ::close(low);
        EXPECT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address_), sizeof address_), 0);
        connections_->accept();
        return client;
    }
    /// Reads every connection until nothing is left.
    void take_all() {
        for (int round = 0; round < 50; ++round)
            for (std::size_t slot = 0; slot < kMostConnections; ++slot)
                if (connections_->descriptor(slot) >= 0) connections_->take(slot);
    }
    [[nodiscard]] int open_connections() const {
        int count = 0;
        for (std::size_t slot = 0; slot < kMostConnections; ++slot) count += connections_->descriptor(slot) >= 0 ? 1 : 0;
        return count;
    }
    /// All payloads of this source, one behind the other.
    [[nodiscard]] std::string text() const {
        std::string all;
        const auto found = *log::LogDirectory::open(path_);
        const auto segments = found.segments();
        for (auto segment : *segments) {
            const auto file = found.records(segment);
            std::string_view bytes = std::string_view(*file).substr(sizeof(log::SegmentHead));
            while (auto record = log::read_record(bytes).record) {
                if (record->head.kind == log::Kind::text) all += fmt::format("[{}]", record->payload);
                bytes.remove_prefix(*log::record_length(bytes));
            }
        }
        return all;
    }
    Inbox& inbox() { return *inbox_; }
    Connections& connections() { return *connections_; }

  private:
    static void place(int fd, int number) {
        ::dup2(fd, number);
        if (fd != number) ::close(fd);
    }
    void listen() {
        address_.sun_family = AF_UNIX;
        ::snprintf(address_.sun_path, sizeof address_.sun_path, "%s/stream", path_.c_str());
        const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        EXPECT_EQ(::bind(socket, reinterpret_cast<const sockaddr*>(&address_), sizeof address_), 0);
        EXPECT_EQ(::listen(socket, 64), 0);
        place(socket, keeper::kStreamSocket);
    }

    std::filesystem::path path_;
    sockaddr_un address_{};
    std::optional<SealedStore> store_;
    std::optional<Inbox> inbox_;
    std::optional<Connections> connections_;
};

void write_all(int fd, std::string_view text) { ASSERT_EQ(::send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size())); }

/// In a child whose descriptors are its own.
void with_recorder(const std::function<void(Recorder&)>& body) {
    std::fflush(stdout);
    Spawned child([&] {
        {
            Recorder recorder;
            body(recorder);
        }
        std::fflush(stdout);
        ::_exit(testing::Test::HasFailure() ? 1 : 0);
    });
    EXPECT_EQ(child.exit_status(), 0);
}

TEST(Connections, lines_arrive_whole_and_a_line_without_end_as_it_is) {
    with_recorder([](Recorder& recorder) {
        const int client = recorder.connect();
        write_all(client, "one\ntwo\nhalf");
        recorder.connections().take(0);
        EXPECT_EQ(recorder.text(), "[one\ntwo\n]");
        write_all(client, " and half\n");
        recorder.take_all();
        EXPECT_EQ(recorder.text(), "[one\ntwo\n][half and half\n]");
        write_all(client, std::string_view("by NUL\0rest", 11));
        recorder.connections().take(0);
        EXPECT_TRUE(recorder.text().ends_with(std::string_view("[by NUL\0]", 9)));
        ::close(client);
        recorder.take_all();
        EXPECT_TRUE(recorder.text().ends_with("[rest]"));
        EXPECT_EQ(recorder.open_connections(), 0);
    });
}

TEST(Connections, what_waits_in_one_outlives_the_recorder) {
    with_recorder([](Recorder& recorder) {
        const int first = recorder.connect(), second = recorder.connect();
        write_all(first, "first\n");
        write_all(second, "second\n");
        recorder.begin();
        EXPECT_EQ(recorder.open_connections(), 2);
        ::close(first);
        recorder.take_all();
        EXPECT_EQ(recorder.text(), "[first\n][second\n]");
        EXPECT_EQ(recorder.open_connections(), 1);
        recorder.begin();
        EXPECT_EQ(recorder.open_connections(), 1) << "the closed one does not come back";
        write_all(second, "again\n");
        recorder.take_all();
        EXPECT_TRUE(recorder.text().ends_with("[again\n]"));
    });
}

TEST(Connections, of_too_many_the_one_that_was_silent_for_longest_goes_and_is_read_before) {
    with_recorder([](Recorder& recorder) {
        std::vector<int> clients;
        for (int i = 0; i < kMostConnections; ++i) clients.push_back(recorder.connect());
        write_all(clients[1], "last words\n");
        write_all(clients[0], "lively\n");
        for (std::size_t slot = 0; slot < kMostConnections; ++slot)
            if (slot != 1) recorder.connections().take(slot);
        const int newcomer = recorder.connect();
        EXPECT_NE(recorder.text().find("[last words\n]"), std::string::npos);
        EXPECT_EQ(::send(clients[1], "x", 1, MSG_NOSIGNAL), -1) << "it was closed";
        write_all(newcomer, "new\n");
        for (std::size_t i = 2; i < clients.size(); ++i) write_all(clients[i], "there\n");
        recorder.take_all();
        EXPECT_EQ(recorder.open_connections(), kMostConnections);
        EXPECT_NE(recorder.text().find("[new\n]"), std::string::npos);
    });
}

TEST(Connections, hundreds_of_visitors_leave_no_descriptor_and_no_copy) {
    with_recorder([](Recorder& recorder) {
        for (int i = 0; i < 300; ++i) {
            const int client = recorder.connect();
            write_all(client, "x\n");
            ::close(client);
            if (i % 7 == 0) recorder.begin();
        }
        recorder.take_all();
        EXPECT_EQ(recorder.open_connections(), 0);
        const auto text = recorder.text();
        EXPECT_EQ(std::ranges::count(text, 'x'), 300);
        recorder.begin();
        EXPECT_EQ(recorder.open_connections(), 0);
    });
}

TEST(Inbox, the_console_is_kept_byte_for_byte_and_a_hangup_is_an_end) {
    with_recorder([](Recorder& recorder) {
        int master = -1, slave = -1;
        termios raw{};
        ::cfmakeraw(&raw);
        ASSERT_EQ(::openpty(&master, &slave, nullptr, &raw, nullptr), 0);
        const int high = ::fcntl(slave, F_DUPFD, 100);
        ::dup2(master, keeper::kConsole);
        for (int fd : {master, slave})
            if (fd != keeper::kConsole) ::close(fd);
        const std::string_view bytes("one\r\n\0\xff\x1b[2J", 11);
        ASSERT_EQ(::write(high, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
        EXPECT_EQ(recorder.inbox().take_console(), Inbox::Taken::something);
        EXPECT_EQ(recorder.text(), fmt::format("[{}]", bytes));
        ::close(high);
        EXPECT_EQ(recorder.inbox().take_console(), Inbox::Taken::end);
    });
}

}  // namespace
}  // namespace vs::recorder
