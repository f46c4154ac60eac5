#include "log/witness.hpp"

#include <gtest/gtest.h>

#include "log/made_log.hpp"
#include "log/note.hpp"

namespace vs::log {
namespace {

Seed seed_of(std::uint8_t byte) {
    std::array<std::uint8_t, 32> bytes{};
    bytes.fill(byte);
    return Seed(bytes);
}

Hash hash_of(std::uint64_t number) { return leaf_hash({reinterpret_cast<const char*>(&number), sizeof number}); }

constexpr std::string_view kOrigin = "vserver/web/00";

/// A log as a recorder would sign it, from a copy of its keys on.
struct Writer {
    Seed opening = seed_of(1), checkpoint;
    SignedNotes notes;
    std::uint64_t segment = 0, index = 0, size = 0;
    std::uint64_t flavour = 0;  ///< of the records

    Hash root() const { return size == 0 ? empty_hash() : hash_of(size + flavour); }
    void open() {
        checkpoint = opening.branch();
        const auto next = opening.next();
        const Opening note{{kOrigin, size, root()}, ++segment, 0, 65536, 3, checkpoint.public_key(), next.public_key()};
        notes.chain += signed_note(write_body(note), kOrigin, opening).text();
        notes.segments.push_back({segment, ""});
        opening = next;
        index = 0;
    }
    void seal(std::uint64_t records, bool is_final) {
        size += records;
        const auto next = checkpoint.next();
        Checkpoint note{{kOrigin, size, root()}, segment, index++, 1, 2, {}, 3, {}};
        if (!is_final) note.next = next.public_key();
        notes.segments.back().notes += signed_note(write_body(note), kOrigin, checkpoint).text();
        checkpoint = next;
    }
};

class Witness : public testing::Test {
  protected:
    Witness() {
        writer_.open();
        writer_.seal(5, false);
        writer_.seal(3, true);
        writer_.open();
        writer_.seal(4, false);
    }
    Result<Witnessed> ask(const Writer& writer, std::string_view remembered) {
        auto notes = writer.notes;
        notes.issued = issued_;
        return witness(notes, machine_, remembered);
    }
    Writer writer_;
    VerificationKey machine_{"vserver/machine/00", seed_of(9).public_key()};
    std::string issued_ = std::string(
        sign_issue(machine_.name, {0, kOrigin, seed_of(1).public_key(), seed_of(9).next().public_key()}, seed_of(9)));
};

TEST_F(Witness, goes_on_with_a_log_that_grows) {
    auto first = ask(writer_, "");
    ASSERT_TRUE(first) << first.error().message();
    EXPECT_EQ(first->size, 12U);
    writer_.seal(1, false);
    auto second = ask(writer_, first->note);
    ASSERT_TRUE(second) << second.error().message();
    EXPECT_EQ(second->size, 13U);
    EXPECT_TRUE(ask(writer_, second->note));
}

TEST_F(Witness, refuses_an_older_state_and_one_that_went_on_from_it) {
    auto older = writer_;
    writer_.seal(7, false);
    auto seen = ask(writer_, "").value().note;
    EXPECT_NE(ask(older, seen).error().message().find("was cut: it has 12 records, and the witness has seen 19"), std::string::npos);
    older.flavour = 1;
    older.seal(8, false);
    EXPECT_NE(ask(older, seen).error().message().find("is not the one"), std::string::npos);
    older.seal(1, true);
    older.open();
    older.seal(1, false);
    EXPECT_FALSE(ask(older, seen));
}

TEST_F(Witness, is_not_made_to_forget_by_a_segment_that_comes_twice) {
    auto old = writer_.notes.segments.back();
    writer_.seal(7, false);
    auto seen = ask(writer_, "").value().note;
    writer_.notes.segments.push_back(old);
    EXPECT_FALSE(ask(writer_, seen));
    std::swap(writer_.notes.segments.front(), writer_.notes.segments.back());
    EXPECT_FALSE(ask(writer_, seen));
}

TEST_F(Witness, refuses_what_the_key_does_not_vouch_for) {
    auto seen = ask(writer_, "").value().note;
    machine_.key = seed_of(8).public_key();
    EXPECT_FALSE(ask(writer_, seen));
    EXPECT_FALSE(ask(writer_, ""));
}

TEST_F(Witness, refuses_a_cut_segment_another_log_and_one_that_came_too_late) {
    auto cut = writer_;
    cut.notes.segments[0].notes.resize(cut.notes.segments[0].notes.size() / 2);
    EXPECT_FALSE(ask(cut, ""));
    auto note = ask(writer_, "").value().note;
    writer_.seal(1, true);
    writer_.open();
    writer_.seal(1, false);
    writer_.notes.segments.erase(writer_.notes.segments.begin(), writer_.notes.segments.begin() + 2);
    EXPECT_NE(ask(writer_, note).error().message().find("has forgotten segment 2"), std::string::npos);
    EXPECT_FALSE(ask(writer_, "rubbish"));
}

// Each check by itself: who forges has every key of the log, and signs anew what he has changed.
class WitnessOfMadeLog : public testing::Test {
  protected:
    /// What the witness says, who has seen `remembered` of the log before.
    [[nodiscard]] std::string ask(const MadeLog& log, const std::string& remembered = "") const {
        SignedNotes notes{issued_, log.chain(), {}};
        for (const auto& segment : log.segments) notes.segments.push_back({notes.segments.size() + 1, segment.note_file()});
        const auto seen = witness(notes, machine_, remembered);
        return seen ? fmt::format("{} of {}", seen->size, seen->origin) : seen.error().message();
    }
    static std::string last_note(const MadeLog& log) {
        const auto& last = log.segments.back().checkpoints.back();
        return std::string(signed_note(write_body(last.checkpoint), last.name, last.key).text());
    }

    VerificationKey machine_{"vserver/machine/00", seed_of(9).public_key()};
    std::string issued_ = sign_issue(machine_.name, {0, kMadeOrigin, kMadeSeed.public_key(), seed_of(9).next().public_key()}, seed_of(9));
};

TEST_F(WitnessOfMadeLog, believes_no_note_that_does_not_follow_the_one_before) {
    struct Case {
        const char* what;
        void (*spoil)(MadeLog&);
        const char* said;
    };
    const char *cut = "segment 2 of the log has no end that was sealed: it was cut or altered", *nine = "9 of vserver/web/00", *eight = "8 of vserver/web/00";
    const std::string nothing = "nothing of the log is sealed by who has the key", nobody = "no note that 'vserver/machine/00' signed vouches for the log ";
    for (const auto& [what, spoil, said] :
         {Case{"as it is", [](MadeLog&) {}, nine}, Case{"a checkpoint of another key", [](MadeLog& log) { log.segments[2].checkpoints[1].key = seed_of(8); }, eight},
          Case{"of another log", [](MadeLog& log) { log.segments[2].checkpoints[1].checkpoint.tree.origin = "vserver/x/00"; }, eight},
          Case{"of another segment", [](MadeLog& log) { log.segments[2].checkpoints[1].checkpoint.segment = 2; }, eight},
          Case{"with another number", [](MadeLog& log) { log.segments[2].checkpoints[1].checkpoint.index = 0; }, eight},
          Case{"behind the last of its segment", [](MadeLog& log) { log.segments[2].checkpoints[0].checkpoint.next.reset(); }, eight},
          Case{"an end that is none", [](MadeLog& log) { log.segments[1].checkpoints[0].checkpoint.next = seed_of(8).public_key(); }, cut},
          Case{"an end of another tree", [](MadeLog& log) { log.segments[1].checkpoints[0].checkpoint.tree.root[0] ^= 1; }, cut},
          Case{"no end at all", [](MadeLog& log) { log.segments[1].checkpoints.clear(); }, cut},
          Case{"an opening of another key", [](MadeLog& log) { log.segments[2].key = seed_of(8); }, "7 of vserver/web/00"},
          Case{"an opening with another number", [](MadeLog& log) { log.segments[2].opening.segment = 4; }, "7 of vserver/web/00"},
          Case{"an opening in another's name", [](MadeLog& log) { log.segments[2].name = "vserver/x/00"; }, "7 of vserver/web/00"},
          Case{"nothing sealed", [](MadeLog& log) { for (auto& segment : log.segments) segment.checkpoints.clear(); log.segments.resize(1); }, nothing.c_str()}}) {
        MadeLog log;
        spoil(log);
        EXPECT_EQ(ask(log), said) << what;
    }
    MadeLog renamed;
    renamed.segments[0].opening.tree.origin = "vserver/x/00";
    EXPECT_EQ(ask(renamed), nobody + "'vserver/x/00'") << "the machine vouches for another log";
    MadeLog empty;
    empty.segments.clear();
    EXPECT_EQ(ask(empty), nobody + "''");
}

TEST_F(WitnessOfMadeLog, goes_on_only_from_the_very_note_that_was_seen) {
    MadeLog log;
    const auto seen = last_note(log);
    EXPECT_EQ(ask(log, seen), "9 of vserver/web/00");
    auto grown = log;
    grown.seal(false);
    grown.add_record();
    EXPECT_EQ(ask(grown, seen), "10 of vserver/web/00");
    EXPECT_EQ(ask(log, last_note(grown)), "the log was cut: it has 9 records, and the witness has seen 10");
    auto other = log;
    other.segments[2].checkpoints[1].checkpoint.until += 1;  // the same tree, sealed at another time
    EXPECT_EQ(ask(other, seen), "the log is not the one that the witness has seen: it differs within its first 9 records, or in when they were sealed");
    for (const char* damaged : {"x", "\n\n"}) EXPECT_EQ(ask(log, damaged), "what the witness remembers is no checkpoint: its file is damaged");
    auto foreign = log;
    foreign.segments[2].checkpoints[1].checkpoint.tree.origin = foreign.segments[2].checkpoints[1].name = "vserver/x/00";
    EXPECT_EQ(ask(log, last_note(foreign)), "this is the log 'vserver/web/00', and the witness has seen 'vserver/x/00'");
}

}  // namespace
}  // namespace vs::log
