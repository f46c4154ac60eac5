#include "guard/seal.hpp"

#include <gtest/gtest.h>

#include "sys/scratch_dir.hpp"

namespace vs::guard {
namespace {

class SealTest : public testing::Test {
  protected:
    storage::Store store(const std::string& machine) const { return storage::Store::open(scratch_.path(machine)).value(); }
    Seal open() const { return Seal::open(store("state")).value(); }

    sys::ScratchDir scratch_;
};

TEST_F(SealTest, what_this_machine_signed_is_read_back_also_by_another_process) {
    auto sealed = open().sign("server 1", "f /etc/passwd\n");

    EXPECT_EQ(open().verify("server 1", sealed).value(), "f /etc/passwd\n");
    EXPECT_EQ(open().verify("server 1", open().sign("server 1", "")).value(), "");
}

TEST_F(SealTest, the_key_is_for_root_only) {
    open();

    EXPECT_EQ(sys::stat_at(scratch_.dir(), "state/guard/key")->st_mode & 0777, 0600U);
    EXPECT_EQ(sys::stat_at(scratch_.dir(), "state/guard")->st_mode & 0777, 0700U);
}

TEST_F(SealTest, one_file_cannot_stand_in_for_another) {
    auto seal = open();
    auto sealed = seal.sign("server 1", "text\n");

    for (const char* other : {"server 2", "server 1\n", "server", "reading of server 1", ""}) EXPECT_FALSE(seal.verify(other, sealed)) << other;
}

TEST_F(SealTest, no_byte_can_be_changed_taken_away_or_added) {
    auto seal = open();
    const auto sealed = seal.sign("server 1", "f /etc/passwd\nf /etc/shadow\n");

    for (std::size_t i = 0; i < sealed.size(); ++i) {
        auto changed = sealed;
        changed[i] ^= 1;
        EXPECT_FALSE(seal.verify("server 1", changed)) << i;
        EXPECT_FALSE(seal.verify("server 1", sealed.substr(0, i))) << i;
    }
    EXPECT_FALSE(seal.verify("server 1", sealed + "f /tmp/x\n"));
}

TEST_F(SealTest, what_another_machine_signed_is_told_from_what_was_changed) {
    auto foreign = Seal::open(store("other")).value().sign("server 1", "text\n");

    EXPECT_EQ(open().verify("server 1", foreign).error().message(), "another machine signed it");
    EXPECT_EQ(open().verify("server 1", "text\n").error().message(), "it is not signed");
}

// A new key in place of a damaged one would make every baseline one of another machine, without a word.
TEST_F(SealTest, a_damaged_key_is_an_error_and_stays) {
    open();
    for (const std::string& damaged : {std::string(), std::string(31, 'x'), std::string(33, 'x')}) {
        scratch_.write("state/guard/key", damaged);
        EXPECT_FALSE(Seal::open(store("state"))) << damaged.size();
        EXPECT_EQ(scratch_.read("state/guard/key"), damaged);
    }
}

}  // namespace
}  // namespace vs::guard
