#include "log/machine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

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

}  // namespace
}  // namespace vs::log
