// find_suspects() is in host_files_test.cpp.

#include "storage/unchanged.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "sys/scratch_dir.hpp"

namespace vs::storage {
namespace {

constexpr const char* kSumOfX = "9dd4e461268c8034f5c8564e155c67a6";  // of the one byte "x"

class UnchangedTest : public testing::Test {
  protected:
    std::string file(const std::string& name, const std::string& content) const {
        scratch_.write(name, content);
        return scratch_.path(name);
    }
    sys::ScratchDir scratch_;
};

using Paths = std::set<std::string>;

TEST_F(UnchangedTest, only_what_is_as_its_package_brought_it_is_copied) {
    auto same = file("same", "x"), edited = file("edited", "password=1"), unknown = file("unknown", "x");

    EXPECT_EQ(changed_files({{same, kSumOfX}, {edited, kSumOfX}, {unknown, ""}}).value(), (Paths{edited, unknown}));
}

// md5sum escapes such a name, so its line is not found: what cannot be compared stays on the host.
TEST_F(UnchangedTest, a_name_that_md5sum_prints_otherwise_is_not_copied) {
    auto newline = file("a\nb", "x"), backslash = file("a\\b", "x"), dash = file("-", "x"), blank = file("a  b", "x");

    EXPECT_EQ(changed_files({{newline, kSumOfX}, {backslash, kSumOfX}, {dash, kSumOfX}, {blank, kSumOfX}}).value(), (Paths{newline, backslash}));
}

// A fifo would never end, and a link is copied as what it is.
TEST_F(UnchangedTest, only_plain_files_are_read) {
    auto fifo = scratch_.path("fifo"), link = scratch_.path("link");
    ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    ASSERT_TRUE(sys::make_symlink(scratch_.dir(), "link", "/etc/shadow"));

    EXPECT_EQ(changed_files({{fifo, kSumOfX}, {link, kSumOfX}, {scratch_.path("absent"), kSumOfX}, {"/etc", ""}}).value(), Paths());
}

TEST_F(UnchangedTest, more_files_than_one_command_takes) {
    std::vector<Suspect> suspects;
    for (int i = 0; i < 501; ++i) suspects.push_back({file(std::to_string(i), "x"), kSumOfX});
    suspects.push_back({file("last", "y"), kSumOfX});

    EXPECT_EQ(changed_files(suspects).value(), Paths{scratch_.path("last")});
}

}  // namespace
}  // namespace vs::storage
