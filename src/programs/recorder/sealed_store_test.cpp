#include "programs/recorder/sealed_store.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <random>

#include "programs/recorder/sealed_store_fixture.hpp"

namespace vs::recorder {
namespace {

/// While it lives, files of this process cannot grow beyond `bytes`: a disk that is full.
class SmallDisk {
  public:
    explicit SmallDisk(rlim_t bytes) {
        ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit small{bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~SmallDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;

  private:
    rlimit before_{};
};

TEST_F(SealedStoreTest, keeps_bytes_as_they_come_and_seals_them) {
    const std::string bytes("one\r\n\0\xff\x1b[2J two", 16);
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, bytes);
    EXPECT_EQ(text(), bytes);
    EXPECT_FALSE(store.is_settled());
    store.settle();
    EXPECT_TRUE(store.is_settled());
    expect_good(1);
}

TEST_F(SealedStoreTest, a_log_without_records_is_good) { expect_good(0); }

TEST_F(SealedStoreTest, goes_on_where_an_earlier_one_was_killed) {
    for (auto words : {"first ", "second ", "third"}) {
        auto store = this->store();
        ASSERT_TRUE(store.open());
        store.append(kConsole, words);
        if (words[0] == 's') store.settle();
    }
    EXPECT_EQ(text(), "first <found 1>second third");
    expect_good(3);
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.settle();
    EXPECT_EQ(text(), "first <found 1>second third<found 1>");
    expect_good(5);
    EXPECT_EQ(verdict().found_unsealed, 2U);
}

TEST_F(SealedStoreTest, a_torn_record_is_cut_and_counted) {
    {
        auto store = this->store();
        ASSERT_TRUE(store.open());
        store.append(kConsole, "whole ");
        store.append(kConsole, "torn");
    }
    std::filesystem::resize_file(file(1, log::kRecordsEnding), size(1) - 5);
    EXPECT_TRUE(verdict().good());
    EXPECT_EQ(verdict().rubbish, 63U);
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, " more");
    store.settle();
    EXPECT_EQ(verdict().rubbish, 0U);
    EXPECT_EQ(text(), "whole <found 1><63 lost> more");
    expect_good(4);
}

TEST_F(SealedStoreTest, a_torn_message_that_waits_in_its_socket_is_not_lost) {
    {
        auto store = this->store();
        ASSERT_TRUE(store.open());
        store.append({.source = log::Source::datagram}, "torn");
    }
    std::filesystem::resize_file(file(1, log::kRecordsEnding), size(1) - 5);
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append({.source = log::Source::datagram}, "torn");
    store.settle();
    EXPECT_EQ(text(), "torn");
    expect_good(1);
}

TEST_F(SealedStoreTest, what_somebody_adds_after_its_end_is_found_and_not_taken_over) {
    {
        auto store = this->store();
        ASSERT_TRUE(store.open());
        store.append(kConsole, "ours ");
        store.end();
    }
    expect_good(2);
    const auto sealed = size(1);
    const log::Head head{.source = log::Source::host, .sequence = 2, .realtime = 1, .boottime = std::uint64_t{1} << 62, .boot = kBoot};
    const std::string payload = "forged";
    auto bytes = log::write_head(head, payload.size());
    const auto leaf = log::leaf_hash({bytes.data(), bytes.size()}, payload);
    std::ofstream(file(1, log::kRecordsEnding), std::ios::app | std::ios::binary)
        .write(bytes.data(), bytes.size())
        .write(payload.data(), 6)
        .write(reinterpret_cast<const char*>(leaf.data()), log::kCheckSize);
    ASSERT_EQ(verdict().findings.size(), 1U);
    EXPECT_EQ(log::describe(verdict().findings[0]), "record 2: 70 bytes were added while no recorder ran");
    auto store = this->store();
    ASSERT_TRUE(store.open());
    EXPECT_EQ(size(1), sealed);
    store.append(kConsole, "more");
    store.settle();
    EXPECT_EQ(text(), "ours <70 lost>more");
    expect_good(4);
}

TEST_F(SealedStoreTest, a_recorder_that_is_killed_after_an_orderly_end_loses_nothing) {
    for (int i = 0; i < 2; ++i) {
        auto store = this->store();
        ASSERT_TRUE(store.open());
        store.append(kConsole, "x");
        if (i == 0) store.end();
    }
    EXPECT_TRUE(verdict().good());
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.settle();
    EXPECT_EQ(text(), "xx<found 1>");
}

/// While it lives, this process can open no more files.
class NoDescriptors {
  public:
    NoDescriptors() {
        ::getrlimit(RLIMIT_NOFILE, &before_);
        const int next = ::dup(STDIN_FILENO);
        rlimit few{static_cast<rlim_t>(next), before_.rlim_max};
        ::close(next);
        ::setrlimit(RLIMIT_NOFILE, &few);
    }
    ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    NoDescriptors(const NoDescriptors&) = delete;
    NoDescriptors& operator=(const NoDescriptors&) = delete;

  private:
    rlimit before_{};
};

TEST_F(SealedStoreTest, goes_on_when_its_files_can_be_opened_again_and_counts_what_came_meanwhile) {
    {
        auto store = this->store();
        ASSERT_TRUE(store.open());
        store.append(kConsole, "unsealed ");
    }
    auto store = this->store();
    {
        NoDescriptors none;
        EXPECT_FALSE(store.open());
        store.begin();
        store.append(kConsole, "12345");
        store.append(kConsole, "678");
        store.settle();
        EXPECT_FALSE(store.is_settled());
    }
    store.settle();
    EXPECT_TRUE(store.is_settled());
    store.append(kConsole, "again");
    store.settle();
    EXPECT_EQ(text(), "unsealed <found 1><8 lost>again");
    expect_good(4);
}

TEST_F(SealedStoreTest, keeps_the_last_segments_and_they_verify) {
    constexpr log::Limits kSmall{65536, 2};
    for (int run = 0; run < 4; ++run) {
        auto store = this->store(kSmall);
        ASSERT_TRUE(store.open());
        for (int i = 0; i < 100; ++i) store.append(kConsole, std::string(1000, 'x'));
        store.settle();
    }
    const auto segments = log().segments().value();
    EXPECT_EQ(segments.size(), 2U);
    EXPECT_GT(segments.front(), 3U);
    for (auto segment : segments) EXPECT_LE(size(segment), 65536U);
    expect_good(400);
    EXPECT_GT(verdict().first, 0U);
}

TEST_F(SealedStoreTest, a_heartbeat_seals_silence) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, "x");
    store.settle();
    store.heartbeat();
    store.heartbeat();
    EXPECT_EQ(log().seal()->value().index, 3U);
    expect_good(1);
}

TEST_F(SealedStoreTest, tells_how_much_a_full_disk_took) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, "12345");
    {
        SmallDisk disk(size(1) + 30);
        store.append(kConsole, "67890");
        store.append(kConsole, "never");
        store.settle();
        EXPECT_EQ(text(), "12345");
        EXPECT_FALSE(store.is_settled());
    }
    store.append(kConsole, "again");
    EXPECT_EQ(text(), "12345<10 lost>again");
    store.settle();
    EXPECT_TRUE(store.is_settled());
    expect_good(3);
}

TEST_F(SealedStoreTest, tells_of_a_loss_without_waiting_for_more) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, "line");
    {
        SmallDisk disk(size(1));
        store.append(kConsole, "lost");
    }
    store.settle();
    EXPECT_EQ(text(), "line<4 lost>");
    EXPECT_TRUE(store.is_settled());
    expect_good(2);
}

TEST_F(SealedStoreTest, a_disk_that_has_no_room_for_a_checkpoint_gets_it_later) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, "line");
    {
        SmallDisk disk(100);
        store.settle();
        EXPECT_FALSE(store.is_settled());
        EXPECT_EQ(std::filesystem::file_size(file(1, log::kNotesEnding)), 0U);
    }
    store.settle();
    EXPECT_TRUE(store.is_settled());
    expect_good(1);
}

TEST_F(SealedStoreTest, follows_no_link) {
    std::filesystem::create_symlink("elsewhere", file(1, log::kRecordsEnding));
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, "secret");
    EXPECT_FALSE(std::filesystem::exists(path_ / "elsewhere"));
    EXPECT_FALSE(store.is_settled());
}

TEST_F(SealedStoreTest, without_a_key_everything_is_counted) {
    std::filesystem::resize_file(path_ / log::kSealFile, 100);
    auto store = this->store();
    EXPECT_FALSE(store.open());
    store.append(kConsole, "gone");
    store.settle();
    EXPECT_FALSE(store.is_settled());
}

TEST_F(SealedStoreTest, a_log_that_is_to_keep_more_misses_nothing) {
    for (std::uint64_t keep : {2U, 6U}) {
        auto store = this->store({4096, keep});
        ASSERT_TRUE(store.open());
        for (int i = 0; i < 40; ++i) store.append(kConsole, std::string(1000, 'x'));
        store.settle();
    }
    EXPECT_TRUE(verdict().good());
}

/// A writer that is killed at any system call, or whose files lose their unsynced end, leaves a log that goes on well.
TEST_F(SealedStoreTest, a_hundred_ends_give_no_false_alarm) {
    std::mt19937_64 random(20261122);
    constexpr log::Limits kSmall{65536, 3};
    for (int run = 0; run < 100; ++run) {
        pid_t child = ::fork();
        if (child == 0) {
            auto store = this->store(kSmall);
            if (!store.open()) ::_exit(1);
            for (std::uint64_t i = 0, count = random() % 60; i < count; ++i) {
                store.append(kConsole, std::string(random() % 900, 'x'));
                if (random() % 8 == 0) store.settle();
            }
            ::kill(::getpid(), SIGKILL);
        }
        random.discard(static_cast<unsigned>(run) + 1);
        ::waitpid(child, nullptr, 0);
        // What a loss of power takes: the end of what was not sealed.
        auto state = log().seal()->value();
        auto path = file(state.segment, log::kRecordsEnding);
        if (state.phase == log::Phase::open && size(state.segment) > state.records_end)
            std::filesystem::resize_file(path, state.records_end + random() % (size(state.segment) - state.records_end + 1));
        auto found = verdict();
        ASSERT_TRUE(found.good()) << "run " << run << ": " << log::describe(found.findings.front());
    }
}

}  // namespace
}  // namespace vs::recorder
