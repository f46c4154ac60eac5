#include "sys/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "sys/scratch_dir.hpp"
#include "sys/tree.hpp"

namespace vs::sys {
namespace {

class FileTest : public testing::Test {
  protected:
    ScratchDir scratch_;
    const std::string& path_ = scratch_.path();
    const DirFd& dir_ = scratch_.dir();
};

TEST_F(FileTest, replace_file_leaves_only_the_new_content) {
    ASSERT_TRUE(replace_file(dir_, "a", "one", 0600, Durability::synced));
    ASSERT_TRUE(replace_file(dir_, "a", "two", 0600, Durability::volatile_));

    EXPECT_EQ(read_file(dir_, "a").value(), "two");
    EXPECT_EQ(list_dir(dir_).value(), std::vector<std::string>{"a"});
}

TEST_F(FileTest, read_file_refuses_more_than_its_limit) {
    ASSERT_TRUE(replace_file(dir_, "a", std::string(5000, 'x'), 0600, Durability::volatile_));

    EXPECT_FALSE(read_file(dir_, "a", 4999));
    EXPECT_TRUE(read_file(dir_, "a", 5000));
}

TEST_F(FileTest, open_beneath_follows_no_link_and_leaves_no_tree) {
    ASSERT_TRUE(make_symlink(dir_, "link", "/etc/passwd"));
    ASSERT_TRUE(make_symlink(dir_, "up", ".."));

    EXPECT_EQ(open_beneath(dir_, "link", O_RDONLY).error().errno_value, ELOOP);
    EXPECT_EQ(open_beneath(dir_, "up/x", O_RDONLY).error().errno_value, ELOOP);
    EXPECT_EQ(open_beneath(dir_, "../x", O_RDONLY).error().errno_value, EXDEV);
    EXPECT_EQ(open_beneath(dir_, "/etc/passwd", O_RDONLY).error().errno_value, EXDEV);
}

TEST_F(FileTest, open_in_root_resolves_links_inside_the_tree) {
    ASSERT_TRUE(make_dir(dir_, "etc", 0755, IfExists::fail));
    ASSERT_TRUE(make_symlink(dir_, "link", "/etc/name"));
    auto etc = open_dir(dir_, "etc").value();
    ASSERT_TRUE(replace_file(etc, "name", "inside", 0644, Durability::volatile_));

    Fd fd = open_in_root(dir_, "link", O_RDONLY).value();

    EXPECT_EQ(read_all(fd).value(), "inside");
}

TEST_F(FileTest, a_lock_is_seen_and_ends_with_its_descriptor) {
    EXPECT_FALSE(is_locked(dir_, "lock").value());
    {
        Fd held = lock_file(dir_, "lock", LockWait::wait).value();
        EXPECT_TRUE(is_locked(dir_, "lock").value());
        EXPECT_EQ(lock_file(dir_, "lock", LockWait::fail_if_held).error().code, Code::busy);
    }
    EXPECT_FALSE(is_locked(dir_, "lock").value());
}

TEST_F(FileTest, remove_tree_takes_deep_and_hostile_trees) {
    std::string deep;
    for (int i = 0; i < 300; ++i) deep += "/d";
    ASSERT_TRUE(make_dirs(path_ + "/t" + deep, 0700));
    ASSERT_TRUE(make_dirs(path_ + "/t/.remove-0/full", 0700));
    ASSERT_TRUE(make_symlink(dir_, "t/out", "/etc"));

    ASSERT_TRUE(remove_tree(dir_, "t"));

    EXPECT_FALSE(exists(dir_, "t").value());
    EXPECT_EQ(::access("/etc/passwd", F_OK), 0);
    EXPECT_TRUE(remove_tree(dir_, "t")) << "an absent tree is success";
}

}  // namespace
}  // namespace vs::sys
