// The files of a log: their names and heads, and those who read them, whatever the recorder or somebody in its place has put there.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/dice.hpp"
#include "log/export.hpp"
#include "log/made_log.hpp"
#include "log/reader.hpp"

namespace vs::log {
namespace {

TEST(Layout, a_segments_files_are_named_by_eight_digits) {
    struct Case {
        std::uint64_t segment;
        const char *records, *notes;
    };
    for (const auto& [segment, records, notes] : {Case{1, "00000001.log", "00000001.seal"}, Case{12345678, "12345678.log", "12345678.seal"}, Case{0, "00000000.log", "00000000.seal"}}) {
        EXPECT_STREQ(segment_name(segment, kRecordsEnding).data(), records);
        EXPECT_STREQ(segment_name(segment, kNotesEnding).data(), notes);
    }
    EXPECT_EQ(std::string(segment_name(1, std::string(100, 'x')).data()).size(), SegmentName().size() - 1) << "and end with a zero, whatever is asked for";
}

TEST(Layout, a_head_has_as_many_peaks_as_its_size_has_bits_and_nothing_behind_them) {
    struct Case {
        std::uint64_t size;
        std::size_t filled;
        bool good;
    };
    for (const auto& [size, filled, good] : {Case{0, 0, true}, Case{1, 1, true}, Case{6, 2, true}, Case{6, 1, true}, Case{6, 3, false}, Case{0, 1, false}, Case{7, 3, true},
                                             Case{(std::uint64_t{1} << (kMostPeaks - 1)) - 1, kMostPeaks - 1, true}, Case{std::uint64_t{1} << (kMostPeaks - 1), 1, false}, Case{UINT64_MAX, 0, false}}) {
        SegmentHead head;
        head.size = size;
        for (std::size_t i = 0; i < filled; ++i) head.peaks[i][0] = 1;
        EXPECT_EQ(head.frontier().has_value(), good) << size << " with " << filled;
    }
}

TEST(Layout, a_head_is_read_where_the_file_is_long_enough_and_one_of_ours) {
    const auto file = MadeLog().segments[1].record_file();
    EXPECT_EQ(read_segment_head(file)->segment, 2U);
    EXPECT_EQ(read_segment_head(file)->size, 4U);
    EXPECT_TRUE(read_segment_head(std::string_view(file).substr(0, sizeof(SegmentHead))));
    EXPECT_FALSE(read_segment_head(std::string_view(file).substr(0, sizeof(SegmentHead) - 1)));
    EXPECT_FALSE(read_segment_head(""));
    for (std::size_t i = 0; i < SegmentHead().magic.size(); ++i) {
        auto other = file;
        other[i] ^= 1;
        EXPECT_FALSE(read_segment_head(other)) << i;
    }
}

TEST(Layout, a_state_is_sound_only_as_a_whole) {
    struct Case {
        const char* what;
        void (*spoil)(SealState&);
        bool sound;
    };
    for (const auto& [what, spoil, sound] :
         {Case{"as it is", [](SealState&) {}, true}, Case{"another file", [](SealState& state) { state.magic[7] = 2; }, false},
          Case{"ended", [](SealState& state) { state.phase = Phase::ended; }, true}, Case{"an unknown phase", [](SealState& state) { state.phase = Phase{3}; }, false},
          Case{"more than a tree holds", [](SealState& state) { state.size = std::uint64_t{1} << (kMostPeaks - 1); }, false},
          Case{"the most that it holds", [](SealState& state) { state.size = (std::uint64_t{1} << (kMostPeaks - 1)) - 1; }, true},
          Case{"no name", [](SealState& state) { state.origin = {}; }, false}, Case{"a name without end", [](SealState& state) { state.origin.fill('x'); }, false},
          Case{"the longest name", [](SealState& state) { state.origin.fill('x'), state.origin.back() = '\0'; }, true}}) {
        auto state = MadeLog().state;
        spoil(state);
        EXPECT_FALSE(state.is_sound()) << what << ", and no check";
        state.check = state.sum();
        EXPECT_EQ(state.is_sound(), sound) << what;
    }
    auto state = MadeLog().state;
    state.check = state.sum();
    auto* bytes = reinterpret_cast<unsigned char*>(&state);
    for (std::size_t i = 0; i < sizeof state; ++i) {
        bytes[i] ^= 1;
        EXPECT_FALSE(state.is_sound()) << i;
        bytes[i] ^= 1;
    }
    EXPECT_TRUE(state.is_sound());
}

class LogFilesTest : public testing::Test {
  protected:
    LogFilesTest() { made.write(scratch); }
    [[nodiscard]] LogDirectory open() const { return LogDirectory::open(scratch.path()).value(); }
    [[nodiscard]] std::string segments() const { return fmt::format("{}", fmt::join(open().segments().value(), " ")); }
    void put_in_place_of(const std::string& name, void (*make)(const char*)) const {
        (void)::unlink(scratch.path(name).c_str());
        make(scratch.path(name).c_str());
    }

    sys::ScratchDir scratch;
    MadeLog made;
};

TEST_F(LogFilesTest, segments_are_told_by_their_names_in_order) {
    for (const char* stranger : {"4.log", "000000004.log", "00000004.LOG", "00000004.log~", "0000000x.log", "00000004.seal", ".log", "-0000004.log", "00000004.log.log"}) scratch.write(stranger, "x");
    EXPECT_EQ(segments(), "1 2 3");
    scratch.write("00000010.log", "x");
    EXPECT_EQ(segments(), "1 2 3 10");
}

TEST_F(LogFilesTest, a_segment_whose_files_are_only_prepared_is_none_yet) {
    scratch.write("00000004.log", "");
    EXPECT_EQ(segments(), "1 2 3");
    scratch.write("00000002.log", "");
    EXPECT_EQ(segments(), "1 2 3") << "one in the middle was there";
    put_in_place_of("00000004.log", [](const char* path) { ASSERT_EQ(::symlink("nowhere", path), 0); });
    EXPECT_EQ(segments(), "1 2 3 4") << "who reads it will say what is wrong";
}

// The directory is the recorder's: what it could put there is not followed, waited for, or believed.
TEST_F(LogFilesTest, only_plain_files_are_read) {
    struct Case {
        const char* what;
        void (*make)(const char*);
    };
    scratch.make_dir("elsewhere");
    scratch.write("elsewhere/file", "secret");
    for (const auto& [what, make] : {Case{"a link", [](const char* path) { ASSERT_EQ(::symlink("elsewhere/file", path), 0); }},
                                     Case{"a fifo", [](const char* path) { ASSERT_EQ(::mkfifo(path, 0600), 0); }},
                                     Case{"a directory", [](const char* path) { ASSERT_EQ(::mkdir(path, 0700), 0); }}, Case{"nothing", [](const char*) {}}}) {
        for (const char* name : {kChainFile, kSealFile, "00000001.log", "00000001.seal"}) put_in_place_of(name, make);
        EXPECT_FALSE(open().chain()) << what;
        EXPECT_FALSE(open().seal()) << what;
        EXPECT_FALSE(open().records(1)) << what;
        EXPECT_FALSE(open().notes(1)) << what;
        for (const char* name : {kChainFile, kSealFile, "00000001.log", "00000001.seal"}) (void)::rmdir(scratch.path(name).c_str());
    }
    EXPECT_FALSE(LogDirectory::open(scratch.path("none")));
}

TEST_F(LogFilesTest, a_state_that_is_none_is_told_from_one_that_cannot_be_read) {
    const auto whole = scratch.read(kSealFile);
    EXPECT_EQ(open().seal().value()->name(), kMadeOrigin);
    base::Dice dice(1);
    for (int i = 0; i < 300; ++i) {
        const auto damaged = dice.damage(whole);
        scratch.write(kSealFile, damaged);
        const auto read = open().seal();
        ASSERT_TRUE(read);
        EXPECT_EQ(read->has_value(), damaged == whole);
    }
}

std::string read_on(Reader& reader) {
    std::string numbers;
    EXPECT_TRUE(reader.read([&](const Record& record) { numbers += std::to_string(record.head.sequence) + " "; }));
    return numbers;
}

TEST_F(LogFilesTest, a_reader_shows_every_record_once_and_then_what_has_come_since) {
    const auto directory = open();
    Reader reader(directory);
    EXPECT_EQ(read_on(reader), "0 1 2 3 4 5 6 7 8 9 ");
    EXPECT_EQ(read_on(reader), "");
    made.add_record();
    made.write(scratch);
    EXPECT_EQ(read_on(reader), "10 ");
    made.add_record();
    made.add_segment({2}, false);
    made.write(scratch);
    EXPECT_EQ(read_on(reader), "11 12 13 ") << "the rest of a segment, and the next one";
    EXPECT_EQ(read_on(reader), "");
}

TEST_F(LogFilesTest, a_reader_waits_for_the_end_of_a_record_and_passes_over_none) {
    const auto directory = open();
    Reader reader(directory);
    made.add_record("as long as it is");
    const auto whole = made.segments[2].record_file();
    scratch.write("00000003.log", whole.substr(0, whole.size() - 3));
    EXPECT_EQ(read_on(reader), "0 1 2 3 4 5 6 7 8 9 ");
    scratch.write("00000003.log", whole);
    EXPECT_EQ(read_on(reader), "10 ");
    scratch.write("00000003.log", whole.substr(0, 100));
    EXPECT_EQ(read_on(reader), "") << "a file that became shorter";
}

TEST_F(LogFilesTest, what_is_no_record_ends_its_segment_and_not_the_others) {
    made.segments[0].records[2].payload = "x";
    auto file = made.segments[0].record_file();
    file[sizeof(SegmentHead) + 2 * made.segments[0].records[0].bytes().size() + kHeadSize] ^= 1;
    scratch.write("00000001.log", file);
    scratch.write("00000002.log", "short");
    const auto directory = open();
    Reader reader(directory);
    EXPECT_EQ(read_on(reader), "0 1 7 8 9 ");
    put_in_place_of("00000002.log", [](const char* path) { ASSERT_EQ(::mkfifo(path, 0600), 0); });
    EXPECT_FALSE(Reader(directory).read([](const Record&) {})) << "what cannot be read is said";
}

Root root_of(const Export& exported) {
    const auto checkpoint = read_checkpoint(read_note(exported.checkpoint)->body);
    return {checkpoint->tree.size, checkpoint->tree.root};
}

TEST_F(LogFilesTest, what_is_exported_is_proved_by_its_checkpoint_and_nothing_that_is_not_sealed_is) {
    const auto exported = export_log(open());
    ASSERT_TRUE(exported) << exported.error().message();
    ASSERT_EQ(exported->records.size(), 9U);
    EXPECT_EQ(root_of(*exported).size, 9U);
    for (const auto& record : exported->records) {
        EXPECT_TRUE(proves_inclusion(record.path, {record.sequence, leaf_hash(record.leaf)}, root_of(*exported))) << record.sequence;
        EXPECT_EQ(record.leaf.substr(kHeadSize), "text");
    }
}

TEST_F(LogFilesTest, without_its_first_segments_a_log_proves_the_rest) {
    for (const char* name : {"00000001.log", "00000001.seal", "00000002.log"}) ASSERT_TRUE(sys::remove_file(scratch.dir(), name));
    const auto exported = export_log(open());
    ASSERT_TRUE(exported) << exported.error().message();
    ASSERT_EQ(exported->records.size(), 2U);
    EXPECT_EQ(exported->records[0].sequence, 7U);
    for (const auto& record : exported->records) EXPECT_TRUE(proves_inclusion(record.path, {record.sequence, leaf_hash(record.leaf)}, root_of(*exported)));
}

TEST_F(LogFilesTest, a_log_that_is_damaged_is_not_exported_and_the_error_says_what_to_do) {
    struct Case {
        const char* what;
        void (*spoil)(MadeLog&);
        const char* said;
    };
    for (const auto& [what, spoil, said] :
         {Case{"nothing sealed", [](MadeLog& log) { for (auto& segment : log.segments) segment.checkpoints.clear(); }, "nothing is sealed yet: try again in a second"},
          Case{"a note that is no checkpoint", [](MadeLog& log) { log.segments[2].more_notes = signed_note(write_body(log.segments[2].opening), kMadeOrigin, kMadeSeed).text(); },
               "the last checkpoint is damaged: do 'vserver NAME logs --verify'"},
          Case{"a head that is none", [](MadeLog& log) { log.segments[0].head.magic[0] = 0; }, "the log is damaged: do 'vserver NAME logs --verify'"},
          Case{"a head whose tree is none", [](MadeLog& log) { log.segments[0].head.peaks[7][0] = 1; }, "the log is damaged: do 'vserver NAME logs --verify'"},
          Case{"a record of another place", [](MadeLog& log) { log.segments[1].records[1].head.sequence = 3; }, "records are missing: do 'vserver NAME logs --verify'"},
          Case{"a record less", [](MadeLog& log) { log.segments[2].records.resize(1); }, "records are missing: do 'vserver NAME logs --verify'"}}) {
        MadeLog log;
        spoil(log);
        log.write(scratch);
        const auto exported = export_log(open());
        ASSERT_FALSE(exported) << what;
        EXPECT_EQ(exported.error().message(), said) << what;
    }
    for (const char* name : {"00000001.log", "00000002.log", "00000003.log"}) ASSERT_TRUE(sys::remove_file(scratch.dir(), name));
    EXPECT_FALSE(export_log(open())) << "no segment";
}

}  // namespace
}  // namespace vs::log
