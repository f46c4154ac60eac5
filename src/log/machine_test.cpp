#include "log/machine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

#include "base/dice.hpp"
#include "sys/file.hpp"

namespace vs::log {
namespace {

class MachineTest : public testing::Test {
  protected:
    MachineTest() {
        std::string pattern = testing::TempDir() + "machine-XXXXXX";
        logs_ = ::mkdtemp(pattern.data());
    }
    ~MachineTest() override { std::filesystem::remove_all(logs_); }

    /// The name of a new log.
    std::string begin(const std::string& name) const {
        std::filesystem::create_directory(logs_ / name);
        auto directory = sys::open_dir(sys::kHere, logs_ / name);
        auto machine = Machine::open(logs_);
        EXPECT_TRUE(machine && machine->begin_log(*model::ServerName::parse(name), *directory, ::getuid()));
        return std::string(LogDirectory::open(logs_ / name)->seal()->value().name());
    }

    std::filesystem::path logs_;
};

TEST_F(MachineTest, one_key_vouches_for_every_log) {
    auto key = Machine::open(logs_)->key();
    for (auto name : {"web1", "web2", "web3"}) {
        auto origin = begin(name);
        EXPECT_TRUE(origin.starts_with(std::string("vserver/") + name + "/"));
        auto found = Machine::open(logs_)->key_of(origin, key);
        ASSERT_TRUE(found.has_value());
        auto state = LogDirectory::open(logs_ / name)->seal()->value();
        EXPECT_EQ(*found, Seed(state.opening_seed).public_key());
    }
    EXPECT_FALSE(Machine::open(logs_)->key_of("vserver/web4/00", key).has_value());
}

TEST_F(MachineTest, another_key_vouches_for_nothing) {
    auto origin = begin("web1");
    auto machine = Machine::open(logs_);
    auto other = machine->key();
    other.key[0] ^= 1;
    EXPECT_FALSE(machine->key_of(origin, other).has_value());
}

TEST_F(MachineTest, is_shown_once) {
    auto machine = Machine::open(logs_);
    EXPECT_TRUE(*machine->show_once());
    EXPECT_FALSE(*machine->show_once());
}

TEST_F(MachineTest, a_note_that_its_key_outlived_is_written_again) {
    begin("web1");
    auto before = std::filesystem::path(logs_) / ".machine" / "seal";
    std::filesystem::copy_file(before, logs_ / "old-seal");
    begin("web2");
    std::filesystem::copy_file(logs_ / "old-seal", before, std::filesystem::copy_options::overwrite_existing);
    auto origin = begin("web3");
    auto machine = Machine::open(logs_);
    EXPECT_TRUE(machine->key_of(origin, machine->key()).has_value());
}

TEST(verification_key, has_one_spelling) {
    VerificationKey key{"vserver/machine/00", Seed(std::array<std::uint8_t, 32>{5}).public_key()};
    auto text = key.text();
    auto again = VerificationKey::parse(text);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->key, key.key);
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto wrong = text;
        wrong[i] = wrong[i] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(VerificationKey::parse(wrong).has_value()) << i;
    }
}

// The notes come from another machine, and may be anything.
TEST(machine_notes, vouch_one_after_the_other_and_only_as_they_were_signed) {
    const std::string machine = "vserver/machine/00";
    const Seed first(std::array<std::uint8_t, 32>{1});
    const VerificationKey trusted{machine, first.public_key()};
    const auto log_key = [](std::uint8_t number) { return Seed(std::array<std::uint8_t, 32>{100, number}).public_key(); };
    struct Note {
        Issue issue;
        Seed seed;
        std::string name;
    };
    const auto three = [&] {
        std::vector<Note> notes;
        auto seed = first;
        for (std::uint8_t i = 0; i < 3; ++i, seed = seed.next())
            notes.push_back({{i, i == 0 ? "vserver/a/00" : i == 1 ? "vserver/b/00" : "vserver/c/00", log_key(i), seed.next().public_key()}, seed, machine});
        return notes;
    };
    const auto text_of = [](const std::vector<Note>& notes) {
        std::string text;
        for (const auto& note : notes) text += sign_issue(note.name, note.issue, note.seed);
        return text;
    };
    EXPECT_EQ(key_in(text_of(three()), "vserver/c/00", trusted).value(), log_key(2));
    EXPECT_EQ(key_in(text_of(three()), "vserver/a/00", trusted).value(), log_key(0));
    struct Case {
        const char* what;
        void (*spoil)(std::vector<Note>&);
    };
    for (const auto& [what, spoil] :
         {Case{"another number", [](auto& notes) { notes[1].issue.number = 2; }}, Case{"another machine's", [](auto& notes) { notes[1].name = "vserver/machine/01"; }},
          Case{"another key's", [](auto& notes) { notes[1].seed = Seed(std::array<std::uint8_t, 32>{9}); }}, Case{"another next key", [](auto& notes) { notes[1].issue.next[0] ^= 1; }},
          Case{"one is missing", [](auto& notes) { notes.erase(notes.begin() + 1); }}, Case{"in another order", [](auto& notes) { std::swap(notes[1], notes[2]); }},
          Case{"the last is missing", [](auto& notes) { notes.pop_back(); }}, Case{"one comes twice", [](auto& notes) { notes.insert(notes.begin() + 1, notes[0]); }},
          Case{"a name with a line in it", [](auto& notes) { notes[1].issue.origin = "x\nlog y"; }}}) {
        auto notes = three();
        spoil(notes);
        const auto key = key_in(text_of(notes), "vserver/c/00", trusted);
        ASSERT_FALSE(key) << what;
        EXPECT_EQ(key.error().message(), "no note that 'vserver/machine/00' signed vouches for the log 'vserver/c/00'");
    }
    base::Dice dice(1);
    for (int i = 0; i < 500; ++i) {
        const auto key = key_in(dice.damage(text_of(three())), "vserver/b/00", trusted);
        EXPECT_TRUE(!key || *key == log_key(1));
    }
    EXPECT_FALSE(key_in(text_of(three()), "vserver/d/00", trusted));
    EXPECT_FALSE(key_in("", "vserver/a/00", trusted));
}

// A new key in the place of a damaged one would vouch for nothing that there is, without a word.
TEST_F(MachineTest, what_is_damaged_of_it_is_an_error_and_says_what_to_do) {
    begin("web1");
    const auto directory = sys::open_dir(sys::kHere, logs_ / ".machine").value();
    auto name = model::ServerName::parse("web2").value();
    std::filesystem::create_directory(logs_ / "web2");
    auto log = sys::open_dir(sys::kHere, logs_ / "web2").value();
    const auto begin_fails = [&](const char* file, const std::string& content, const char* said) {
        const auto whole = sys::read_file(directory, file).value();
        EXPECT_TRUE(sys::replace_file(directory, file, content, 0600, sys::Durability::volatile_));
        auto machine = Machine::open(logs_);
        const auto begun = machine ? machine->begin_log(name, log, ::getuid()) : Result<>(std::unexpected<Error>(machine.error()));
        EXPECT_FALSE(begun) << file;
        EXPECT_NE(begun ? std::string::npos : begun.error().message().find(said), std::string::npos) << (begun ? "" : begun.error().message());
        EXPECT_TRUE(sys::replace_file(directory, file, whole, 0600, sys::Durability::volatile_));
    };
    const auto state = sys::read_file(directory, "seal").value();
    auto flipped = state, longer = state + "x";
    flipped[30] ^= 1;
    for (const auto& damaged : {std::string(), state.substr(1), longer, flipped, std::string(state.size(), '\0')}) begin_fails("seal", damaged, "the machine's log key is damaged: restore it from a backup");
    begin_fails("issued", "", "the machine's list of logs was cut");
    for (const char* damaged : {"", "x", "vserver/machine/00+00000000+AA=="}) begin_fails("key", damaged, "is damaged: restore it from where you keep the key");
    auto machine = Machine::open(logs_).value();
    EXPECT_TRUE(machine.begin_log(name, log, ::getuid())) << "and as it was it goes on";
    EXPECT_TRUE(machine.key_of(LogDirectory::open(logs_ / "web2")->seal()->value().name(), machine.key()));
}

TEST_F(MachineTest, a_log_has_a_name_that_fits_and_its_key_is_its_recorders_alone) {
    std::filesystem::create_directory(logs_ / "x");
    const auto directory = sys::open_dir(sys::kHere, logs_ / "x").value();
    const Seed seed(std::array<std::uint8_t, 32>{5});
    for (std::size_t length : {0U, 128U, 1000U}) EXPECT_EQ(make_log({std::string(length, 'x'), ::getuid()}, directory, seed).error().code, Code::usage) << length;
    ASSERT_TRUE(make_log({std::string(127, 'x'), 4711}, directory, seed));
    EXPECT_EQ(LogDirectory(sys::open_dir(sys::kHere, logs_ / "x").value()).seal()->value().name(), std::string(127, 'x'));
    const auto status = sys::stat_at(directory, "seal").value();
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_EQ(status.st_uid, 4711U);
    EXPECT_EQ(status.st_gid, 4711U);
}

}  // namespace
}  // namespace vs::log
