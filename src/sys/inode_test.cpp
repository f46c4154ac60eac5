#include "sys/inode.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>


#include "sys/file.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::sys {
namespace {

class InodeTest : public testing::Test {
  protected:
    Fd create(const std::string& name) { return open_at(dir_, name, O_RDWR | O_CREAT | O_EXCL, 0600).value(); }

    ScratchDir scratch_;
    const DirFd& dir_ = scratch_.dir();
};

TEST_F(InodeTest, copies_content_of_any_size) {
    std::string data(300'001, 'x');
    Fd from = create("from");
    ASSERT_TRUE(write_all(from, data));
    Fd source = open_at(dir_, "from", O_RDONLY).value();
    Fd to = create("to");

    ASSERT_TRUE(copy_content(source, to));

    EXPECT_EQ(read_file(dir_, "to").value(), data);
}

TEST_F(InodeTest, copies_kernel_files_that_say_they_are_empty) {
    Fd source = open_at(kHere, "/proc/self/status", O_RDONLY).value();
    Fd to = create("to");

    ASSERT_TRUE(copy_content(source, to));

    EXPECT_NE(read_file(dir_, "to").value().find("Pid:"), std::string::npos);
}

TEST_F(InodeTest, links_are_not_followed) {
    ASSERT_TRUE(make_symlink(dir_, "link", "/etc/passwd"));

    ASSERT_TRUE(make_hard_link(dir_, "link", dir_, "second"));
    ASSERT_TRUE(set_times_at(dir_, "link", {{1, 0}, {2, 0}}));

    EXPECT_EQ(read_link(dir_, "second").value(), "/etc/passwd");
    EXPECT_EQ(stat_at(dir_, "second").value().st_mtime, 2);
}

TEST_F(InodeTest, a_hole_reads_as_zeros) {
    Fd file = create("sparse");

    ASSERT_TRUE(set_length(file, 8));
    ASSERT_TRUE(write_at(file, "ab", 3));

    EXPECT_EQ(read_file(dir_, "sparse").value(), std::string("\0\0\0ab\0\0\0", 8));
}

TEST_F(InodeTest, makes_fifos) {
    ASSERT_TRUE(make_fifo(dir_, "fifo", 0600));

    EXPECT_TRUE(S_ISFIFO(stat_at(dir_, "fifo").value().st_mode));
}

}  // namespace
}  // namespace vs::sys
