#include "sys/walk.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "sys/file.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::sys {
namespace {

TEST(Walk, sees_everything_once_and_follows_no_link) {
    ScratchDir scratch;
    const auto& dir = scratch.dir();
    scratch.make_dir("a/b");
    ASSERT_TRUE(make_symlink(dir, "a/out", "/etc"));
    ASSERT_TRUE(replace_file(dir, "top", "x", 0600, Durability::volatile_));
    std::vector<std::string> seen;

    auto walked = walk_tree(dir, [&](const std::string& name, const struct stat&) {
        seen.push_back(name);
        return Result<>();
    });

    EXPECT_TRUE(walked);
    EXPECT_EQ(seen, (std::vector<std::string>{"a", "top", "a/b", "a/out"}));
}

TEST(Walk, ends_with_the_error_of_the_visitor) {
    DirFd dir = open_dir(kHere, "/proc/self").value();

    auto walked = walk_tree(dir, [](const std::string& name, const struct stat&) -> Result<> { return fail(Code::busy, "at {}", name); });

    ASSERT_FALSE(walked);
    EXPECT_EQ(walked.error().code, Code::busy);
}

}  // namespace
}  // namespace vs::sys
