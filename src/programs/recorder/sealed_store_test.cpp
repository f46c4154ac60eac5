#include "programs/recorder/sealed_store.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "log/machine.hpp"
#include "log/verify.hpp"

namespace vs::recorder {
namespace {

constexpr Sender kConsole{.source = log::Source::console};
constexpr log::BootId kBoot{1, 2, 3};
constexpr log::Limits kRoomy{1 << 20, 3};

class SealedStoreTest : public testing::Test {
  protected:
    SealedStoreTest() {
        // In memory where there is such a place: most of a test on a disk is waiting for it.
        std::string pattern = (std::filesystem::exists("/dev/shm") ? "/dev/shm/" : testing::TempDir()) + "store-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
        directory_ = sys::DirFd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        log::Seed seed(std::array<std::uint8_t, 32>{7});
        key_ = seed.public_key();
        EXPECT_TRUE(log::make_log({"vserver/test/00", ::getuid()}, directory_, seed));
    }
    ~SealedStoreTest() override { std::filesystem::remove_all(path_); }

    SealedStore store(log::Limits limits = kRoomy) const { return {directory_.get(), limits, kBoot}; }
    std::string file(std::uint64_t segment, std::string_view ending) const { return path_ / log::segment_name(segment, ending).data(); }
    std::uintmax_t size(std::uint64_t segment) const { return std::filesystem::file_size(file(segment, log::kRecordsEnding)); }
    log::LogDirectory log() const { return *log::LogDirectory::open(path_); }

    log::Verdict verdict() const {
        auto verdict = log::verify(log(), key_);
        EXPECT_TRUE(verdict.has_value());
        return *verdict;
    }
    void expect_good(std::uint64_t sealed) const {
        auto found = verdict();
        for (const auto& finding : found.findings) ADD_FAILURE() << log::describe(finding);
        EXPECT_EQ(found.sealed, sealed);
    }
    /// All text that is kept, with what is lost in between as "<7 lost>".
    std::string text() const {
        std::string text;
        const auto segments = log().segments();
        for (auto segment : *segments) {
            const auto file = log().records(segment);
            std::string_view bytes = std::string_view(*file).substr(sizeof(log::SegmentHead));
            while (auto record = log::read_record(bytes).record) {
                auto gap = record->head.kind == log::Kind::gap ? log::read_gap(record->payload) : std::nullopt;
                auto found = record->head.kind == log::Kind::found ? log::read_found(record->payload) : std::nullopt;
                if (found) text += "<found " + std::to_string(found->records) + ">";
                else text += gap ? "<" + std::to_string(gap->bytes) + " lost>" : std::string(record->payload);
                bytes.remove_prefix(*log::record_length(bytes));
            }
        }
        return text;
    }

    std::filesystem::path path_;
    sys::DirFd directory_;
    log::PublicKey key_{};
};

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

TEST_F(SealedStoreTest, no_byte_of_a_segments_head_is_free) {
    {
        auto store = this->store();
        ASSERT_TRUE(store.open());
        store.append(kConsole, "x");
        store.settle();
    }
    std::fstream stream(file(1, log::kRecordsEnding), std::ios::in | std::ios::out | std::ios::binary);
    for (std::size_t place = 0; place < sizeof(log::SegmentHead); place += 31) {
        stream.seekp(static_cast<std::streamoff>(place)).put('!').flush();
        EXPECT_FALSE(verdict().good()) << place;
        const auto good = place < 8 ? log::SegmentHead().magic[place] : place == 8 ? '\1' : '\0';
        stream.seekp(static_cast<std::streamoff>(place)).put(good).flush();
    }
    expect_good(1);
}

TEST_F(SealedStoreTest, an_old_key_is_nowhere) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, "x");
    auto state = log().seal()->value();
    store.settle();
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
        std::ifstream stream(entry.path(), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
        std::string_view old(reinterpret_cast<const char*>(state.checkpoint_seed.data()), 32);
        EXPECT_EQ(bytes.find(old), std::string::npos) << entry.path();
    }
}

/// A writer that is killed at any system call, or whose files lose their unsynced end, leaves a log that goes on well.
/// Whoever has the machine now: every file, and the keys that are still there.
class Cracker {
  public:
    explicit Cracker(const std::filesystem::path& path) : path_(path), state(**log::LogDirectory::open(path)->seal()) {}
    void cut(const std::string& file, std::uintmax_t bytes) const { std::filesystem::resize_file(path_ / file, bytes); }
    void write_state() {
        state.check = state.sum();
        std::fstream(path_ / log::kSealFile, std::ios::in | std::ios::out | std::ios::binary)
            .write(reinterpret_cast<const char*>(&state), sizeof state);
    }
    /// With the key that he has.
    void open_segment(log::Opening opening) {
        log::Seed seed(state.opening_seed);
        opening.next = seed.next().public_key();
        opening.first = seed.branch().public_key();
        std::ofstream(path_ / log::kChainFile, std::ios::app) << log::signed_note(log::write_body(opening), state.name(), seed).text();
        state.opening_seed = seed.next().bytes();
        state.checkpoint_seed = seed.branch().bytes();
        state.segment = opening.segment;
    }

  private:
    std::filesystem::path path_;

  public:
    log::SealState state;
};

TEST_F(SealedStoreTest, who_has_the_keys_of_now_cannot_cut_it_and_say_that_the_recorder_was_killed) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    std::array<std::uintmax_t, 3> records{}, notes{};
    for (std::size_t i = 0; i < records.size(); ++i) {
        store.append(kConsole, "line");
        store.settle();
        records[i] = size(1);
        notes[i] = std::filesystem::file_size(file(1, log::kNotesEnding));
    }
    expect_good(3);
    Cracker cracker(path_);
    cracker.cut(file(1, log::kRecordsEnding), records[1]);
    cracker.cut(file(1, log::kNotesEnding), notes[1]);
    for (std::uint64_t index : {1U, 2U}) {
        cracker.state.index = index;
        cracker.state.size = 2;
        cracker.state.records_end = records[1];
        cracker.state.notes_end = notes[1];
        cracker.write_state();
        EXPECT_FALSE(verdict().good()) << index;
    }
}

TEST_F(SealedStoreTest, who_opens_a_segment_cannot_lie_about_the_one_before_to_have_it_dropped) {
    auto store = this->store();
    ASSERT_TRUE(store.open());
    store.append(kConsole, "evidence");
    store.settle();
    for (std::uint64_t keep : {0U, 1U, 2U}) {
        SCOPED_TRACE(keep);
        std::filesystem::path copy = path_.string() + "-copy";
        std::filesystem::copy(path_, copy);
        Cracker cracker(copy);
        cracker.open_segment({{cracker.state.name(), 1, log::Hash{}}, 2, std::uint64_t{1} << 40, 1 << 20, keep, {}, {}});
        cracker.state.index = 1;
        cracker.write_state();
        for (auto ending : {log::kRecordsEnding, log::kNotesEnding}) std::filesystem::remove(copy / log::segment_name(1, ending).data());
        EXPECT_FALSE(log::verify(*log::LogDirectory::open(copy), key_)->good());
        std::filesystem::remove_all(copy);
    }
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
