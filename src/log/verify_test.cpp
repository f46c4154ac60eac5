// Each check of the verifier by itself: whoever forges here has every key and signs anew what he has changed, so that one thing alone is
// wrong. That no key is left to him, and random changes: tests/system/logs.bats, src/programs/recorder.

#include "log/verify.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/made_log.hpp"

namespace vs::log {
namespace {

Seed stranger() { return Seed(std::array<std::uint8_t, 32>{99}); }

class VerifyTest : public testing::Test {
  protected:
    [[nodiscard]] Verdict verdict() const {
        auto found = verify(LogDirectory::open(scratch_.path()).value(), kMadeSeed.public_key());
        EXPECT_TRUE(found) << found.error().message();
        return found ? std::move(*found) : Verdict();
    }
    [[nodiscard]] std::string findings() const {
        std::string text;
        for (const auto& finding : verdict().findings) text += describe(finding) + "\n";
        return text;
    }
    void remove(std::uint64_t segment) const {
        for (auto ending : {kRecordsEnding, kNotesEnding}) ASSERT_TRUE(sys::remove_file(scratch_.dir(), segment_name(segment, ending).data()));
    }

    struct Case {
        const char* what;
        void (*spoil)(MadeLog&);
        const char* found;
    };
    void expect(const std::vector<Case>& cases) const {
        for (const auto& each : cases) {
            MadeLog made;
            each.spoil(made);
            made.write(scratch_);
            EXPECT_EQ(findings(), each.found) << each.what;
        }
    }

    sys::ScratchDir scratch_;
};

TEST_F(VerifyTest, a_log_that_is_as_its_recorder_left_it_is_good) {
    MadeLog().write(scratch_);
    const auto found = verdict();
    EXPECT_EQ(findings(), "");
    EXPECT_TRUE(found.good());
    EXPECT_EQ(found.origin, kMadeOrigin);
    EXPECT_EQ(found.first, 0U);
    EXPECT_EQ(found.sealed, 9U);
    EXPECT_EQ(found.size, 10U);
    EXPECT_EQ(found.sealed_at, 1090U);
    EXPECT_EQ(found.root, MadeLog().segments[2].checkpoints[1].checkpoint.tree.root);
}

TEST_F(VerifyTest, what_may_be_so_is_no_alarm) {
    expect({
        {"the last segment is finished, and nothing follows", [](MadeLog& log) { log.seal(true), log.set_state(Phase::closed); }, ""},
        {"a checkpoint of silence", [](MadeLog& log) { log.seal(false), log.seal(false); }, ""},
        {"a recorder was killed over a record", [](MadeLog& log) { log.segments[2].more_records = log.segments[0].records[0].bytes().substr(0, 40); }, ""},
        {"and over a note", [](MadeLog& log) { log.segments[2].more_notes = "vserver/w"; }, ""},
        {"and before the new key was written over the old", [](MadeLog& log) {
             log.state.index = 1;
             log.state.checkpoint_seed = log.segments[2].checkpoints[1].key.bytes();
         }, ""},
        {"and between the note that opens a segment and the state", [](MadeLog& log) {
             log.seal(true);
             log.set_state(Phase::closed);
             const auto before = log.state;
             log.add_segment({}, false);
             log.state = before;
         }, ""},
        {"the host was started again, and its clock begins anew", [](MadeLog& log) {
             log.segments[2].records[2].head.boot = {2};
             log.segments[2].records[2].head.boottime = 1;
         }, ""},
        {"two old segments of three are to be kept", [](MadeLog& log) { log.segments[2].opening.keep = 2; }, ""},
    });
}

TEST_F(VerifyTest, every_claim_of_a_checkpoint_is_held_against_its_place) {
    const char* cut = "record 8: checkpoint 1 of segment 3 is missing or altered: the log was cut\n";
    expect({
        {"signed by another key", [](MadeLog& log) { log.segments[2].checkpoints[1].key = stranger(); }, cut},
        {"in another's name", [](MadeLog& log) { log.segments[2].checkpoints[1].name = "vserver/other/00"; }, cut},
        {"of another log", [](MadeLog& log) { log.segments[2].checkpoints[1].checkpoint.tree.origin = "vserver/other/00"; }, cut},
        {"of another segment", [](MadeLog& log) { log.segments[2].checkpoints[1].checkpoint.segment = 2; }, cut},
        {"with another number", [](MadeLog& log) { log.segments[2].checkpoints[1].checkpoint.index = 2; }, cut},
        {"of fewer records than the one before", [](MadeLog& log) { log.segments[2].checkpoints[1].checkpoint.tree.size = 7; }, cut},
        {"over before it began", [](MadeLog& log) {
             log.segments[2].checkpoints[1].checkpoint.from = log.segments[2].checkpoints[1].checkpoint.until + 1;
         }, cut},
        {"of another root", [](MadeLog& log) { log.segments[2].checkpoints[1].checkpoint.tree.root[0] ^= 1; },
         "record 8: not what was sealed by checkpoint 1 of segment 3\n"},
        {"of another root, about no new record", [](MadeLog& log) {
             log.segments[2].records.pop_back();
             log.seal(false);
             log.segments[2].checkpoints[2].checkpoint.tree = log.segments[2].checkpoints[1].checkpoint.tree;
             log.segments[2].checkpoints[2].checkpoint.tree.root[0] ^= 1;
             log.set_state(Phase::open);
         }, "record 9: not what was sealed by checkpoint 2 of segment 3\n"},
        {"taken away", [](MadeLog& log) { log.segments[2].checkpoints.pop_back(); }, cut},
        {"something else in its place", [](MadeLog& log) { log.segments[2].checkpoints.pop_back(), log.segments[2].more_notes = "note\n"; }, cut},
    });
}

TEST_F(VerifyTest, every_byte_of_a_segments_head_is_held_against_its_opening) {
    const char* wrong = "records 7 to 9: the head of segment 3 is not the one it was opened with\n";
    expect({
        {"another file", [](MadeLog& log) { log.segments[2].head.magic[0] ^= 1; }, wrong},
        {"another number", [](MadeLog& log) { log.segments[2].head.segment = 2; }, wrong},
        {"another size", [](MadeLog& log) { log.segments[2].head.size = 6; }, wrong},
        {"other bytes", [](MadeLog& log) { ++log.segments[2].head.bytes; }, wrong},
        {"another tree", [](MadeLog& log) { log.segments[2].head.peaks[0][0] ^= 1; }, wrong},
        {"more than the tree", [](MadeLog& log) { log.segments[2].head.peaks[kMostPeaks - 1][0] = 1; }, wrong},
    });
}

TEST_F(VerifyTest, the_first_record_that_is_not_what_was_written_is_named) {
    expect({
        {"another text", [](MadeLog& log) { log.segments[2].records[1].payload = "TEXT"; }, "record 8: not what was sealed by checkpoint 1 of segment 3\n"},
        {"another text, which nobody has sealed", [](MadeLog& log) { log.segments[2].records[2].payload = "TEXT"; }, ""},
        {"another number", [](MadeLog& log) { log.segments[2].records[1].head.sequence = 7; }, "record 8: record 7 stands in its place\n"},
        {"older than the one before", [](MadeLog& log) { log.segments[2].records[1].head.boottime = 1; }, "record 8: older than the record before it\n"},
        {"written before its checkpoint begins", [](MadeLog& log) { log.segments[2].records[1].head.realtime = 1; },
         "record 8: its time is not in the interval of the checkpoint that seals it\n"},
        {"written after its checkpoint ends", [](MadeLog& log) { log.segments[2].records[1].head.realtime = 99'999; },
         "record 8: its time is not in the interval of the checkpoint that seals it\n"},
        {"the last one is missing", [](MadeLog& log) { log.segments[2].records.resize(1); }, "record 8: missing at the end of segment 3\n"},
        {"no record", [](MadeLog& log) { log.segments[2].records.resize(1), log.segments[2].more_records = std::string(100, '\0'); }, "record 8: is no record\n"},
        {"half a record", [](MadeLog& log) {
             log.segments[2].more_records = log.segments[2].records[1].bytes().substr(0, 30);
             log.segments[2].records.resize(1);
         }, "record 8: cut off\n"},
        {"a bit of it", [](MadeLog& log) {
             auto bytes = log.segments[2].records[1].bytes();
             bytes[kHeadSize] ^= 1;
             log.segments[2].records.resize(1);
             log.segments[2].more_records = bytes;
         }, "record 8: altered\n"},
    });
}

TEST_F(VerifyTest, nothing_follows_the_end_of_a_finished_segment) {
    expect({
        {"a record", [](MadeLog& log) {
             auto more = log.segments[2].records[0];
             log.segments[1].more_records = more.bytes();
         }, "record 7: after the end of segment 2\nrecord 7: segment 2 has 1838 bytes, and 3 says that it has 1770\n"},
        {"bytes", [](MadeLog& log) { log.segments[1].more_records = "x"; },
         "record 7: after the end of segment 2\nrecord 7: segment 2 has 1771 bytes, and 3 says that it has 1770\n"},
        {"a note", [](MadeLog& log) { log.segments[1].more_notes = "x"; }, "record 7: notes after the end of segment 2\n"},
        {"it has no end", [](MadeLog& log) { log.segments[1].checkpoints[0].checkpoint.next = stranger().public_key(); },
         "record 7: segment 2 has no end that was sealed, or it was altered\n"},
        {"it has an end, and another one", [](MadeLog& log) {
             auto& all = log.segments[0].checkpoints;
             all[0].checkpoint = all[1].checkpoint;
             all[0].checkpoint.index = 0;
             all[0].checkpoint.from = 0;
         }, "record 4: notes after the end of segment 1\n"},
    });
}

TEST_F(VerifyTest, a_segment_goes_on_where_the_one_before_has_ended) {
    expect({
        {"with as many bytes", [](MadeLog& log) {
             for (auto* bytes : {&log.segments[2].opening.bytes, &log.segments[2].head.bytes}) ++*bytes;
         }, "record 7: segment 2 has 1770 bytes, and 3 says that it has 1771\n"},
        {"with as many records", [](MadeLog& log) {
             log.segments[2].opening.tree.size = 8;
             log.segments[2].checkpoints.clear();
             log.state.index = 0;
             log.state.checkpoint_seed = log.segments[2].key.branch().bytes();
         }, "record 7: segment 3 does not go on where 2 ended\nrecord 8: the head of segment 3 is not the one it was opened with\n"},
        {"with the same tree", [](MadeLog& log) { log.segments[2].opening.tree.root[0] ^= 1; },
         "record 7: segment 3 does not go on where 2 ended\nrecords 7 to 9: the head of segment 3 is not the one it was opened with\n"},
    });
}

// What does not follow ends the chain, and then the state says that there should be more.
TEST_F(VerifyTest, every_claim_of_an_opening_is_held_against_the_chain) {
    const auto never = [](const char* last) { return std::string("record 7: segment 3 was opened by nobody who had the key\n") + last; };
    const std::string text = never("");
    const char* broken = text.c_str();
    expect({
        {"signed by another key", [](MadeLog& log) { log.segments[2].key = stranger(); }, broken},
        {"in another's name", [](MadeLog& log) { log.segments[2].name = "vserver/other/00"; }, broken},
        {"of another log", [](MadeLog& log) { log.segments[2].opening.tree.origin = log.segments[2].name = "vserver/other/00"; }, broken},
        {"with another number", [](MadeLog& log) { log.segments[2].opening.segment = 4; }, broken},
        {"of fewer records than the one before", [](MadeLog& log) { log.segments[2].opening.tree.size = 3; }, broken},
        {"that keeps no segment but itself", [](MadeLog& log) { log.segments[2].opening.keep = 1; }, broken},
        {"before the one before was full", [](MadeLog& log) { log.segments[1].opening.limit = 1 << 20; }, broken},
        {"which is gone", [](MadeLog& log) { log.segments.pop_back(); }, broken},
    });
}

TEST_F(VerifyTest, a_log_begins_at_nothing) {
    const char* nobody = "record 0: segment 1 was opened by nobody who had the key\n";
    expect({
        {"with records before it", [](MadeLog& log) { log.segments[0].opening.tree.size = 1; }, nobody},
        {"with bytes before it", [](MadeLog& log) { log.segments[0].opening.bytes = 1; }, nobody},
        {"with the second segment", [](MadeLog& log) { log.segments.erase(log.segments.begin()); }, nobody},
        {"in another's name", [](MadeLog& log) { log.segments[0].name = "vserver/other/00"; }, nobody},
        {"with another key", [](MadeLog& log) { log.segments[0].key = stranger(); }, nobody},
    });
    EXPECT_EQ(verdict().origin, "");
    MadeLog log;
    log.segments.clear();
    log.state = {};
    log.state.origin[0] = 'x';
    log.write(scratch_);
    EXPECT_EQ(findings(), nobody) << "there are files of three segments";
    for (std::uint64_t segment : {2U, 3U}) remove(segment);
    EXPECT_EQ(findings(), "") << "a recorder was killed before it had opened the first one";
    log.state.segment = 1;
    log.write(scratch_);
    EXPECT_EQ(findings(), nobody) << "the keys know of one";
    ASSERT_TRUE(sys::remove_file(scratch_.dir(), kSealFile));
    EXPECT_EQ(findings(), "record 0: there is neither a chain of segments nor a key\n");
    ASSERT_TRUE(sys::remove_file(scratch_.dir(), kChainFile));
    EXPECT_EQ(findings(), "record 0: there is neither a chain of segments nor a key\n");
}

TEST_F(VerifyTest, old_segments_go_when_there_are_too_many_and_no_other) {
    struct Kept {
        std::uint64_t keep, gone;
        const char* found;
    };
    for (const auto& [keep, gone, found] : {Kept{2, 1, ""}, Kept{3, 1, "records 0 to 9: segment 1 is missing\n"}, Kept{2, 2, "records 4 to 9: segment 2 is missing\n"}}) {
        MadeLog log;
        log.segments[2].opening.keep = keep;
        log.write(scratch_);
        remove(gone);
        const auto text = findings();
        EXPECT_TRUE(found[0] == '\0' ? text.empty() : text.find(std::string(found).substr(std::string(found).find(':'))) != std::string::npos) << keep << gone << text;
        EXPECT_EQ(verdict().first, gone == 1 && keep == 2 ? 4U : 0U);
    }
}

TEST_F(VerifyTest, of_segments_that_were_never_opened_there_is_one_at_most) {
    MadeLog log;
    log.write(scratch_);
    scratch_.write("00000004.log", "begun");
    EXPECT_EQ(findings(), "");
    scratch_.write("00000005.log", "begun");
    EXPECT_EQ(findings(), "record 7: segment 5 was never opened\n");
}

TEST_F(VerifyTest, the_keys_are_as_far_as_the_log_and_no_farther) {
    expect({
        {"they are those of another log", [](MadeLog& log) { log.state.origin[9] = 'x'; }, "records 0 to 9: the key is that of another log, 'vserver/wxb/00'\n"},
        {"of before the last segment", [](MadeLog& log) { log.state.segment = 1; }, "record 9: the key is an old one\n"},
        {"of just before it, where it was open already", [](MadeLog& log) {
             log.state.segment = 2;
             log.state.phase = Phase::closed;
             log.state.opening_seed = log.segments[2].key.bytes();
         }, "record 9: the key is an old one\n"},
        {"of just before it, and open", [](MadeLog& log) {
             log.segments[2].checkpoints.clear();
             log.segments[2].records.clear();
             log.state.segment = 2;
             log.state.opening_seed = log.segments[2].key.bytes();
         }, "record 7: the key is an old one\n"},
        {"of just before it, and another", [](MadeLog& log) {
             log.segments[2].checkpoints.clear();
             log.segments[2].records.clear();
             log.state.segment = 2;
             log.state.phase = Phase::closed;
         }, "record 7: the key is an old one\n"},
        {"of two segments before it", [](MadeLog& log) {
             log.segments[2].checkpoints.clear();
             log.segments[2].records.clear();
             log.state.segment = 1;
             log.state.phase = Phase::closed;
             log.state.opening_seed = log.segments[2].key.bytes();
         }, "record 7: the key is an old one\n"},
        {"two checkpoints old", [](MadeLog& log) { log.state.index = 0; }, "record 9: the key is an old one\n"},
        {"one checkpoint old, and not that one's", [](MadeLog& log) { log.state.index = 1; }, "record 9: the key is not the one of the next checkpoint\n"},
        {"not the one that opens the next segment", [](MadeLog& log) { log.state.opening_seed = stranger().bytes(); },
         "record 9: the key is not the one of the next segment\n"},
        {"not the one of the next checkpoint", [](MadeLog& log) { log.state.checkpoint_seed = stranger().bytes(); },
         "record 9: the key is not the one of the next checkpoint\n"},
        {"closed, and the end is missing", [](MadeLog& log) { log.state.phase = Phase::closed; }, "record 9: the end of segment 3 is missing\n"},
        {"open, and behind its end", [](MadeLog& log) { log.seal(true), log.set_state(Phase::open); }, "record 10: the key is not the one of the next checkpoint\n"},
        {"farther than the log", [](MadeLog& log) { ++log.state.index; }, "record 9: checkpoint 2 of segment 3 is missing or altered: the log was cut\n"},
    });
}

TEST_F(VerifyTest, without_a_key_that_is_whole_nobody_knows_whether_it_was_cut) {
    const char* unknown = "record 9: there is no usable key: whether the log was cut cannot be told\n";
    MadeLog().write(scratch_);
    const auto whole = scratch_.read(kSealFile);
    for (const auto& bytes : {std::string(), whole.substr(1), whole + "x", std::string(whole.size(), '\0')}) {
        scratch_.write(kSealFile, bytes);
        EXPECT_EQ(findings(), unknown) << bytes.size();
    }
}

TEST_F(VerifyTest, what_was_added_while_no_recorder_ran_is_found_though_nobody_sealed_it) {
    expect({
        {"a record behind an orderly end", [](MadeLog& log) { log.state.phase = Phase::ended; }, "record 9: 68 bytes were added while no recorder ran\n"},
        {"nothing", [](MadeLog& log) { log.segments[2].records.pop_back(), log.state.phase = Phase::ended; }, ""},
    });
}

TEST_F(VerifyTest, gaps_and_what_was_found_are_added_up) {
    MadeLog log;
    auto gap = write_gap({.records = 5, .bytes = 1, .first = 1, .last = 2, .cause = Cause::rate});
    auto found = write_found({.records = 3});
    for (int i = 0; i < 2; ++i) log.add_record({gap.data(), gap.size()}, Kind::gap);
    for (int i = 0; i < 2; ++i) log.add_record({found.data(), found.size()}, Kind::found);
    log.add_record({gap.data(), gap.size()}, Kind::text);  // a guest that writes such bytes has lost nothing
    log.add_record({found.data(), found.size()}, Kind::text);
    log.add_record("cut", Kind::gap);
    log.seal(true);
    log.add_segment({}, false);
    log.add_record({gap.data(), gap.size()}, Kind::gap);
    log.add_record({found.data(), found.size()}, Kind::found);
    log.seal(false);
    log.write(scratch_);
    EXPECT_EQ(findings(), "");
    EXPECT_EQ(verdict().gaps, 3U);
    EXPECT_EQ(verdict().lost_records, 15U);
    EXPECT_EQ(verdict().found_unsealed, 9U);
}

TEST_F(VerifyTest, a_file_that_cannot_be_read_is_empty_to_it_and_a_chain_that_cannot_is_an_error) {
    MadeLog().write(scratch_);
    ASSERT_TRUE(sys::remove_file(scratch_.dir(), "00000003.log"));
    ASSERT_EQ(::symlink("00000002.log", scratch_.path("00000003.log").c_str()), 0);
    EXPECT_EQ(findings(), "records 7 to 9: the head of segment 3 is not the one it was opened with\n");
    ASSERT_TRUE(sys::remove_file(scratch_.dir(), kChainFile));
    ASSERT_EQ(::mkfifo(scratch_.path(kChainFile).c_str(), 0600), 0);
    auto failed = verify(LogDirectory::open(scratch_.path()).value(), kMadeSeed.public_key());
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message().find("read the chain of its segments"), std::string::npos) << failed.error().message();
}

TEST(Verify, a_finding_names_one_record_or_several) {
    EXPECT_EQ(describe({.record = 7, .last = 0, .what = "w"}), "record 7: w");
    EXPECT_EQ(describe({.record = 7, .last = 7, .what = "w"}), "record 7: w");
    EXPECT_EQ(describe({.record = 7, .last = 9, .what = "w"}), "records 7 to 9: w");
}

}  // namespace
}  // namespace vs::log
