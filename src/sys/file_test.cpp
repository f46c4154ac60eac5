#include "sys/file.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "sys/own_namespaces.hpp"
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

TEST_F(FileTest, a_replaced_file_is_the_old_one_until_it_is_the_new_one_and_a_failure_leaves_no_trace) {
    scratch_.make_dir("taken/full");
    auto refused = replace_file(dir_, "taken", "x", 0600, Durability::synced);
    ASSERT_FALSE(refused) << "a directory is not replaced by a file";
    EXPECT_EQ(list_dir(dir_).value(), std::vector<std::string>{"taken"});
}

TEST_F(FileTest, what_a_killed_writer_left_is_written_over_and_a_link_in_its_place_is_not_followed) {
    scratch_.write("victim", "old");
    ASSERT_TRUE(replace_file(dir_, temporary_name("a"), "a longer text than the new one", 0600, Durability::volatile_));
    ASSERT_TRUE(replace_file(dir_, "a", "new", 0600, Durability::secret));
    EXPECT_EQ(scratch_.read("a"), "new");
    ASSERT_TRUE(make_symlink(dir_, temporary_name("b"), "victim"));
    EXPECT_FALSE(replace_file(dir_, "b", "new", 0600, Durability::volatile_));
    EXPECT_EQ(scratch_.read("victim"), "old");
}

TEST_F(FileTest, the_mode_is_the_one_that_was_asked_for) {
    for (unsigned mode : {0600U, 0640U, 0644U}) {
        ASSERT_TRUE(replace_file(dir_, "a", "x", mode, Durability::volatile_));
        EXPECT_EQ(stat_at(dir_, "a")->st_mode & 07777, mode);
    }
}

TEST_F(FileTest, a_file_that_is_too_large_is_told_from_one_that_cannot_be_read) {
    scratch_.write("a", std::string(100, 'x'));
    auto large = read_file(dir_, "a", 99);
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().errno_value, EFBIG);
    EXPECT_EQ(large.error().message(), "read 'a': it is larger than 99 bytes");
    EXPECT_EQ(read_file(dir_, "none").error().errno_value, ENOENT);
    EXPECT_EQ(read_file(dir_, ".").error().errno_value, EISDIR);
    EXPECT_FALSE(read_file(kHere, "/dev/zero", 1 << 16)) << "one without an end is too large too";
}

TEST_F(FileTest, is_there_or_not_whatever_it_is) {
    scratch_.write("file", "");
    ASSERT_TRUE(make_symlink(dir_, "dangling", "nowhere"));
    for (const char* name : {"file", "dangling", "."}) EXPECT_TRUE(exists(dir_, name).value()) << name;
    for (const char* name : {"none", "file/below", "none/below"}) EXPECT_FALSE(exists(dir_, name).value()) << name;
    EXPECT_FALSE(exists(dir_, std::string(300, 'x'))) << "that it cannot be told is an error and not a no";
}

TEST_F(FileTest, names_are_sorted_and_a_hostile_directory_is_read_up_to_a_bound) {
    for (const char* name : {"b", "a", ".hidden", "c"}) scratch_.write(name, "");
    EXPECT_EQ(list_dir(dir_).value(), (std::vector<std::string>{".hidden", "a", "b", "c"}));
    EXPECT_EQ(list_dir(dir_).value().size(), 4U) << "twice by the same descriptor";
    EXPECT_EQ(list_hostile_dir(dir_, 4).value().size(), 4U);
    EXPECT_EQ(list_hostile_dir(dir_, 3).error().errno_value, EFBIG);
}

TEST_F(FileTest, directories_are_made_with_their_parents_and_kept_where_they_are) {
    ASSERT_TRUE(make_dirs(path_ + "/a/b/c", 0700));
    ASSERT_TRUE(make_dirs(path_ + "/a/b/c", 0755));
    EXPECT_EQ(stat_at(dir_, "a/b/c")->st_mode & 07777, 0700U);
    EXPECT_EQ(make_dir(dir_, "a", 0700, IfExists::fail).error().errno_value, EEXIST);
    EXPECT_TRUE(open_or_make_dir(dir_, "d", 0700));
    scratch_.write("file", "");
    EXPECT_FALSE(open_or_make_dir(dir_, "file", 0700));
    EXPECT_FALSE(make_dirs(path_ + "/file/below", 0700));
}

TEST_F(FileTest, a_rename_that_must_be_new_takes_no_others_place) {
    scratch_.write("a", "a");
    scratch_.write("b", "b");
    EXPECT_EQ(rename_new(dir_, "a", dir_, "b").error().errno_value, EEXIST);
    EXPECT_EQ(scratch_.read("b"), "b");
    ASSERT_TRUE(rename_new(dir_, "a", dir_, "c"));
    ASSERT_TRUE(rename_at(dir_, "c", dir_, "b"));
    EXPECT_EQ(scratch_.read("b"), "a");
}

TEST_F(FileTest, a_kernel_file_is_read_trimmed_and_written_as_it_is_and_never_made) {
    scratch_.write("value", " 17\n");
    EXPECT_EQ(read_kernel_file(dir_, "value").value(), "17");
    ASSERT_TRUE(write_kernel_file(dir_, "value", "4"));
    EXPECT_EQ(scratch_.read("value"), "417\n") << "not emptied first";
    EXPECT_EQ(write_kernel_file(dir_, "none", "4").error().errno_value, ENOENT);
    EXPECT_FALSE(scratch_.has("none"));
    auto refused = write_kernel_file(kHere, "/proc/self/oom_score_adj", "nonsense");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("write 'nonsense' to '/proc/self/oom_score_adj'"), std::string::npos);
}

TEST_F(FileTest, owners_and_times_of_a_link_are_the_links_own) {
    if (::getuid() != 0) GTEST_SKIP() << "only root gives files away";
    scratch_.write("file", "");
    ASSERT_TRUE(make_symlink(dir_, "link", "file"));
    ASSERT_TRUE(change_owner(dir_, "link", 4001, 4002));
    EXPECT_EQ(stat_at(dir_, "link")->st_uid, 4001U);
    EXPECT_EQ(stat_at(dir_, "file")->st_uid, 0U);
    EXPECT_EQ(read_link(dir_, "link").value(), "file");
    EXPECT_FALSE(read_link(dir_, "file"));
}

TEST_F(FileTest, a_lock_that_several_share_keeps_away_who_wants_it_alone) {
    EXPECT_FALSE(is_shared(dir_, "lock").value()) << "nobody has made it";
    {
        Fd one = lock_file_shared(dir_, "lock").value(), two = lock_file_shared(dir_, "lock").value();
        EXPECT_TRUE(is_shared(dir_, "lock").value());
        EXPECT_FALSE(is_locked(dir_, "lock").value());
        EXPECT_EQ(lock_file(dir_, "lock", LockWait::fail_if_held).error().code, Code::busy);
    }
    Fd alone = lock_file(dir_, "lock", LockWait::fail_if_held).value();
    EXPECT_EQ(lock_file_shared(dir_, "lock").error().code, Code::busy);
    EXPECT_TRUE(is_shared(dir_, "lock").value());
}

TEST_F(FileTest, a_lock_is_no_way_to_another_file) {
    scratch_.write("victim", "");
    ASSERT_TRUE(make_symlink(dir_, "lock", "victim"));
    EXPECT_EQ(lock_file(dir_, "lock", LockWait::fail_if_held).error().errno_value, ELOOP);
    EXPECT_EQ(lock_file_shared(dir_, "lock").error().errno_value, ELOOP);
    EXPECT_FALSE(is_locked(dir_, "lock"));
}

struct Escape {
    const char* path;
    int error;
};
// Below a tree with links that lead out of it, in it, and to /proc, where a link of the kernel's leads to any open file.
constexpr Escape kEscapes[] = {
    {"..", EXDEV}, {"../etc/passwd", EXDEV}, {"dir/../../x", EXDEV}, {"/", EXDEV}, {"/dir/file", EXDEV},
    {"out", ELOOP}, {"out/passwd", ELOOP}, {"up", ELOOP}, {"dir/up/dir", ELOOP}, {"inside", ELOOP}, {"magic", ELOOP}, {"loop", ELOOP},
    {"dir/none", ENOENT}, {"dir/file/x", ENOTDIR}, {"dir/file/..", ENOTDIR},
};

TEST_F(FileTest, nothing_below_a_guests_tree_leads_out_of_it) {
    scratch_.make_dir("dir");
    scratch_.write("dir/file", "inside");
    for (const auto& [link, target] : {std::pair("out", "/etc"), std::pair("up", ".."), std::pair("dir/up", "../.."), std::pair("inside", "dir/file"),
                                       std::pair("magic", "/proc/self/root"), std::pair("loop", "loop")})
        ASSERT_TRUE(make_symlink(dir_, link, target));
    for (const auto& [path, error] : kEscapes) {
        auto opened = open_beneath(dir_, path, O_RDONLY);
        ASSERT_FALSE(opened) << path;
        EXPECT_EQ(opened.error().errno_value, error) << path;
        EXPECT_FALSE(open_beneath(dir_, path, O_WRONLY | O_CREAT, 0600) && error != ENOENT) << path;
    }
    EXPECT_EQ(read_all(open_beneath(dir_, "dir/../dir/file", O_RDONLY).value()).value(), "inside");
}

TEST_F(FileTest, links_of_a_guest_are_followed_as_if_its_root_were_everything) {
    scratch_.make_dir("etc");
    scratch_.write("etc/passwd", "the guest's");
    for (const auto& [link, target] : {std::pair("absolute", "/etc/passwd"), std::pair("climbing", "../../../../etc/passwd"), std::pair("twice", "/absolute"),
                                       std::pair("magic", "/proc/self/root/etc/passwd"), std::pair("loop", "/loop")})
        ASSERT_TRUE(make_symlink(dir_, link, target));
    for (const char* link : {"absolute", "climbing", "twice", "../../etc/passwd", "/etc/passwd"})
        EXPECT_EQ(read_all(open_in_root(dir_, link, O_RDONLY).value()).value(), "the guest's") << link;
    EXPECT_FALSE(open_in_root(dir_, "magic", O_RDONLY));
    EXPECT_EQ(open_in_root(dir_, "loop", O_RDONLY).error().errno_value, ELOOP);
}

/// Exchanges a directory for a link to outside as fast as it can, for as long as it exists.
class Exchanger {
  public:
    Exchanger(const std::string& path, const std::string& one, const std::string& other) {
        pid_ = ::fork();
        if (pid_ != 0) return;
        if (::chdir(path.c_str()) != 0) ::_exit(1);
        for (;;) (void)::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE);
    }
    ~Exchanger() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Exchanger(const Exchanger&) = delete;
    Exchanger& operator=(const Exchanger&) = delete;

  private:
    pid_t pid_;
};

TEST_F(FileTest, who_exchanges_a_directory_for_a_link_while_it_is_opened_leads_nobody_out) {
    ScratchDir outside;
    outside.write("file", "outside");
    scratch_.make_dir("a");
    scratch_.write("a/file", "inside");
    ASSERT_TRUE(make_symlink(dir_, "b", outside.path()));
    Exchanger exchanger(path_, "a", "b");
    for (int i = 0; i < 3000; ++i) {
        auto opened = open_beneath(dir_, "a/file", O_RDONLY);
        if (!opened) continue;  // it met the link, or a rename
        EXPECT_EQ(read_all(*opened).value(), "inside");
    }
}

TEST_F(FileTest, who_exchanges_a_directory_for_a_link_while_a_tree_is_removed_loses_only_his_own) {
    ScratchDir outside;
    for (int i = 0; i < 20; ++i) {
        outside.make_dir("precious");
        outside.write("precious/file", "x");
        scratch_.make_dir("t/a/deep/deeper");
        ASSERT_TRUE(make_symlink(dir_, "t/b", outside.path("precious")));
        {
            Exchanger exchanger(path_ + "/t", "a", "b");
            (void)remove_tree(dir_, "t");  // may fail: then somebody tries again
        }
        ASSERT_TRUE(outside.has("precious/file"));
        ASSERT_TRUE(remove_tree(dir_, "t")) << "once nobody moves it";
        ASSERT_TRUE(outside.has("precious/file"));
    }
}

TEST_F(FileTest, a_mount_in_a_tree_is_not_emptied_with_it) {
    in_own_namespaces(CLONE_NEWNS, [&] {
        scratch_.make_dir("t/mounted");
        ASSERT_EQ(::mount("tmpfs", scratch_.path("t/mounted").c_str(), "tmpfs", 0, nullptr), 0);
        const auto dir = open_dir(kHere, path_).value();  // the fixture's is of the other mount namespace
        ASSERT_TRUE(replace_file(open_dir(dir, "t/mounted").value(), "file", "x", 0600, Durability::volatile_));
        EXPECT_EQ(remove_tree(dir, "t").error().errno_value, EXDEV);
        EXPECT_EQ(read_file(dir, "t/mounted/file").value(), "x");
    });
}

TEST_F(FileTest, whatever_is_in_a_tree_goes_with_it) {
    scratch_.make_dir("t");
    scratch_.write("t/read-only", "x");
    ASSERT_EQ(::mkfifo(scratch_.path("t/fifo").c_str(), 0600), 0);
    ASSERT_TRUE(make_symlink(dir_, "t/dangling", "nowhere"));
    scratch_.make_dir("t/closed/below");
    ASSERT_EQ(::chmod(scratch_.path("t/closed").c_str(), 0), 0);
    ASSERT_TRUE(remove_tree(dir_, "t"));
    scratch_.write("file", "x");
    EXPECT_TRUE(remove_tree(dir_, "file")) << "a file is a small tree";
    ASSERT_TRUE(make_symlink(dir_, "link", "/etc"));
    EXPECT_FALSE(remove_tree(dir_, "link") && !exists(kHere, "/etc").value()) << "a link's target is left";
    EXPECT_TRUE(exists(kHere, "/etc/passwd").value());
}

}  // namespace
}  // namespace vs::sys
