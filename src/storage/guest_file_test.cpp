#include "storage/guest_file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>


#include "sys/file.hpp"
#include "sys/inode.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::storage {
namespace {

/// A hostile tree with a witness beside it: nothing may reach the witness.
class GuestFileTest : public testing::Test {
  protected:
    void SetUp() override {
        scratch_.make_dir("tree/etc");
        scratch_.write("witness", "untouched");
        root_ = sys::open_dir(scratch_.dir(), "tree").value();
    }
    void TearDown() override { EXPECT_EQ(scratch_.read("witness"), "untouched"); }
    Result<> write(const std::string& path) {
        return write_guest_file(root_, path, "new", {.mode = 0640, .uid = ::getuid(), .gid = ::getgid()});
    }

    sys::ScratchDir scratch_;
    const std::string& path_ = scratch_.path();
    sys::DirFd root_;
};

TEST_F(GuestFileTest, writes_with_mode_and_missing_parents) {
    ASSERT_TRUE(write("var/lib/x/file"));

    EXPECT_EQ(read_guest_file(root_, "var/lib/x/file", 100).value()->content, "new");
    EXPECT_EQ(read_guest_file(root_, "var/lib/x/file", 100).value()->attributes.mode, 0640U);
}

TEST_F(GuestFileTest, a_final_link_is_replaced_and_not_followed) {
    ASSERT_TRUE(sys::make_symlink(root_, "etc/hostname", "../../witness"));

    ASSERT_TRUE(write("etc/hostname"));

    EXPECT_TRUE(S_ISREG(sys::stat_at(root_, "etc/hostname").value().st_mode));
}

TEST_F(GuestFileTest, a_link_in_the_middle_stays_inside) {
    ASSERT_TRUE(sys::remove_dir(root_, "etc"));
    ASSERT_TRUE(sys::make_symlink(root_, "etc", "/../.."));

    ASSERT_TRUE(write("etc/witness"));

    EXPECT_EQ(sys::read_file(root_, "witness").value(), "new");
}

TEST_F(GuestFileTest, a_second_name_of_another_file_is_not_written_through) {
    ASSERT_TRUE(sys::make_hard_link(sys::kHere, path_ + "/witness", root_, "etc/hostname"));

    EXPECT_TRUE(write("etc/hostname"));
}

TEST_F(GuestFileTest, directories_and_dangling_links_in_the_way_are_errors) {
    ASSERT_TRUE(sys::make_dir(root_, "etc/hostname", 0755, sys::IfExists::fail));
    ASSERT_TRUE(sys::make_symlink(root_, "gone", "/nowhere"));

    EXPECT_FALSE(write("etc/hostname"));
    EXPECT_FALSE(write("gone/file"));
}

TEST_F(GuestFileTest, only_plain_files_are_read) {
    ASSERT_TRUE(sys::make_fifo(root_, "fifo", 0644));
    ASSERT_TRUE(sys::make_symlink(root_, "loop", "loop"));

    EXPECT_FALSE(read_guest_file(root_, "fifo", 100).value());
    EXPECT_FALSE(read_guest_file(root_, "etc", 100).value());
    EXPECT_FALSE(read_guest_file(root_, "loop", 100).value());
    EXPECT_FALSE(read_guest_file(root_, "absent/file", 100).value());
}

TEST_F(GuestFileTest, an_endless_file_is_an_error) {
    ASSERT_TRUE(write_guest_file(root_, "big", std::string(200, 'x'), {.mode = 0644, .uid = ::getuid(), .gid = ::getgid()}));

    EXPECT_FALSE(read_guest_file(root_, "big", 100));
}

TEST_F(GuestFileTest, removes_files_and_leaves_directories) {
    ASSERT_TRUE(write("etc/file"));

    EXPECT_TRUE(remove_guest_file(root_, "etc/file"));
    EXPECT_TRUE(remove_guest_file(root_, "etc/file"));
    EXPECT_TRUE(remove_guest_file(root_, "no/such/dir"));
    EXPECT_TRUE(remove_guest_file(root_, "etc"));
    EXPECT_TRUE(sys::exists(root_, "etc").value());
}

}  // namespace
}  // namespace vs::storage
