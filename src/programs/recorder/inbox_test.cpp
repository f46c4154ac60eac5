// What comes in at a recorder's sockets and its console, with the kernel's own sockets under the numbers that a keeper gives it.

#include "programs/recorder/inbox.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

#include <filesystem>
#include <optional>

#include "log/machine.hpp"
#include "programs/recorder/connections.hpp"
#include "programs/small_program.hpp"
#include "server/keeper_protocol.hpp"

namespace vs::recorder {
namespace {

using programs::Spawned;

constexpr Rate kAmple{1'000'000, 1'000'000'000};

TEST(Sender, is_numbered_as_inside_its_server) {
    struct Case {
        std::uint32_t outside, inside;
    };
    for (auto [outside, inside] : {Case{0, 0}, Case{33, 33}, Case{65534, 65534}, Case{0x6fffffff, 0x6fffffff}, Case{0x70000000, 0}, Case{0x7000ffff, 65535}, Case{0x70010021, 33},
                                   Case{0xffffffff, 65535}})
        EXPECT_EQ(guest_uid(outside), inside) << outside;
}

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
