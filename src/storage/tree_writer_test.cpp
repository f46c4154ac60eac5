#include "storage/tree_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <functional>

#include "sys/inode.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/scratch_dir.hpp"
#include "sys/xattr.hpp"

namespace vs::storage {
namespace {

/// A tree to be filled, with a witness beside it that nothing may reach.
class TreeWriterTest : public testing::Test {
  protected:
    void SetUp() override {
        scratch_.make_dir("tree");
        scratch_.write("witness", "untouched");
        root_ = sys::open_dir(scratch_.dir(), "tree").value();
        writer_.emplace(root_);
    }
    void TearDown() override {
        EXPECT_EQ(scratch_.read("witness"), "untouched");
        EXPECT_FALSE(scratch_.has("new"));
    }

    [[nodiscard]] NodeAttributes mine(unsigned mode = 0644) const { return {mode, ::getuid(), ::getgid(), {1'000'000'000, 5}, {}}; }
    Result<> put(const std::string& path, std::string_view content = "new", unsigned mode = 0644) {
        auto file = TRY(writer_->create(path));
        TRY(file.write(content, 0));
        return file.finish(mine(mode));
    }
    [[nodiscard]] struct stat look(const std::string& path) const { return sys::stat_at(root_, path).value(); }
    [[nodiscard]] std::string content(const std::string& path) const { return sys::read_file(root_, path).value_or("none"); }

    sys::ScratchDir scratch_;
    sys::DirFd root_;
    std::optional<TreeWriter> writer_;
};

TEST_F(TreeWriterTest, makes_what_is_missing_on_the_way_and_dresses_directories_at_the_end) {
    ASSERT_TRUE(writer_->directory("a", mine(0500)));
    ASSERT_TRUE(put("a/b/c/file", "content", 0640)) << "although a is going to be read-only";
    EXPECT_EQ(look("a").st_mode & 07777, 0755U);
    ASSERT_TRUE(writer_->finish());
    EXPECT_EQ(look("a").st_mode & 07777, 0500U);
    EXPECT_EQ(look("a/b").st_mode & 07777, 0755U);
    EXPECT_EQ(look("a/b/c/file").st_mode & 07777, 0640U);
    EXPECT_EQ(content("a/b/c/file"), "content");
    for (const char* path : {"a", "a/b/c/file"}) {
        EXPECT_EQ(look(path).st_mtim.tv_sec, 1'000'000'000) << path;
        EXPECT_EQ(look(path).st_mtim.tv_nsec, 5) << path;
    }
}

TEST_F(TreeWriterTest, the_last_word_about_a_directory_counts_and_the_root_is_one) {
    ASSERT_TRUE(writer_->directory("", mine(0711)));
    ASSERT_TRUE(writer_->directory("a", mine(0700)));
    ASSERT_TRUE(put("a/file"));
    ASSERT_TRUE(writer_->directory("a", mine(01777)));
    ASSERT_TRUE(writer_->finish());
    EXPECT_EQ(look(".").st_mode & 07777, 0711U);
    EXPECT_EQ(look("a").st_mode & 07777, 01777U) << "as in tar";
    EXPECT_EQ(content("a/file"), "new");
}

/// A link that an earlier entry of the archive has put where a later one would write.
TEST_F(TreeWriterTest, goes_through_no_link_that_came_before) {
    const auto outside = scratch_.path();
    for (const auto& [link, target] : {std::pair<std::string, std::string>{"up", ".."}, {"absolute", outside}, {"slash", "/"}, {"own", "real"}, {"loop", "loop"}, {"dangling", "nothing"},
                                       {"self", "."}, {"proc", "/proc/self/cwd"}}) {
        ASSERT_TRUE(writer_->directory("real", mine(0755)));
        ASSERT_TRUE(writer_->symlink(link, target, mine()));
        for (const auto& attempt : {put(link + "/new"), put(link + "/deep/new"), writer_->directory(link + "/new", mine(0755)), writer_->symlink(link + "/new", "x", mine()),
                                    writer_->fifo(link + "/new", mine())}) {
            ASSERT_FALSE(attempt) << link;
            EXPECT_NE(attempt.error().message().find("is a link or no directory"), std::string::npos) << attempt.error().message();
        }
        EXPECT_FALSE(writer_->copy("copied", link + "/new")) << link;
        EXPECT_FALSE(writer_->regular_size(link)) << link;
    }
}

TEST_F(TreeWriterTest, what_comes_later_replaces_a_file_or_a_link_and_never_writes_through_it) {
    struct Case {
        const char* name;
        std::function<Result<>()> earlier;
    };
    for (const auto& [name, earlier] : {Case{"a file", [&] { return put("x", "a longer content than new"); }}, Case{"a link out", [&] { return writer_->symlink("x", "../witness", mine()); }},
                                        Case{"a link to itself", [&] { return writer_->symlink("x", "x", mine()); }}, Case{"a fifo", [&] { return writer_->fifo("x", mine()); }}}) {
        ASSERT_TRUE(earlier()) << name;
        ASSERT_TRUE(put("x")) << name;
        EXPECT_TRUE(S_ISREG(look("x").st_mode)) << name;
        EXPECT_EQ(content("x"), "new") << name;
        ASSERT_TRUE(earlier()) << name;
        ASSERT_TRUE(writer_->directory("x", mine(0755))) << name;
        EXPECT_TRUE(S_ISDIR(look("x").st_mode)) << name;
        ASSERT_EQ(::unlinkat(root_.get(), "x", AT_REMOVEDIR), 0);
    }
}

TEST_F(TreeWriterTest, a_second_name_of_a_file_is_another_file) {
    ASSERT_TRUE(put("one", "content", 0751));
    ASSERT_TRUE(writer_->copy("deep/two", "one"));
    EXPECT_EQ(look("one").st_nlink, 1U);
    EXPECT_NE(look("one").st_ino, look("deep/two").st_ino);
    EXPECT_EQ(content("deep/two"), "content");
    EXPECT_EQ(look("deep/two").st_mode & 07777, 0751U);
    EXPECT_EQ(look("deep/two").st_mtim.tv_sec, 1'000'000'000);
    EXPECT_EQ(writer_->regular_size("deep/two").value(), 7);
    ASSERT_TRUE(put("one", "changed"));
    EXPECT_EQ(content("deep/two"), "content");
}

TEST_F(TreeWriterTest, a_directory_is_never_replaced_and_the_root_by_nothing) {
    ASSERT_TRUE(put("full/file"));
    for (const auto& attempt : {put("full"), writer_->symlink("full", "x", mine()), writer_->fifo("full", mine()), writer_->copy("full", "full/file")}) {
        ASSERT_FALSE(attempt);
        EXPECT_EQ(attempt.error().message(), "it would replace a directory");
    }
    for (const auto& attempt : {put(""), writer_->symlink("", "x", mine()), writer_->fifo("", mine()), writer_->copy("", "full/file")}) {
        ASSERT_FALSE(attempt);
        EXPECT_EQ(attempt.error().message(), "it would replace the root");
    }
    EXPECT_EQ(content("full/file"), "new");
}

TEST_F(TreeWriterTest, only_a_plain_file_has_a_second_name) {
    ASSERT_TRUE(put("file"));
    ASSERT_TRUE(writer_->fifo("fifo", mine()));
    ASSERT_TRUE(writer_->symlink("link", "file", mine()));
    ASSERT_TRUE(writer_->directory("dir", mine(0755)));
    for (const char* from : {"fifo", "link", "dir", "", "nothing", "file/below", "dir/nothing"}) {
        EXPECT_FALSE(writer_->regular_size(from)) << from;
        EXPECT_TRUE(std::string_view(from) == "fifo" || !writer_->copy("copy", from)) << from;  // whoever opened a fifo would wait
    }
    EXPECT_EQ(writer_->copy("file", "file").error().message(), "it is a link to itself");
    EXPECT_EQ(content("file"), "new") << "and is still there";
}

TEST_F(TreeWriterTest, a_name_that_is_too_long_or_too_deep_is_an_error_and_no_other_file) {
    const std::string longest(255, 'n'), longer(256, 'n');
    EXPECT_TRUE(put(longest));
    EXPECT_EQ(put(longer).error().errno_value, ENAMETOOLONG);
    EXPECT_EQ(writer_->directory(longer, mine(0755)).error().errno_value, ENAMETOOLONG);
    std::string deep = "d";
    for (int i = 0; i < 150; ++i) deep += "/d";
    EXPECT_TRUE(put(deep + "/file"));
    EXPECT_EQ(content(deep + "/file"), "new");
    EXPECT_FALSE(put(deep + "/" + std::string(4096, 'x')));
}

TEST_F(TreeWriterTest, set_id_bits_capabilities_and_attributes_survive_the_change_of_owner) {
    if (::getuid() != 0) GTEST_SKIP() << "only root gives files away";
    NodeAttributes attributes{06755, 33, 34, {7, 0}, {{"user.note", "kept"}}};
    auto file = writer_->create("program").value();
    ASSERT_TRUE(file.write("x", 0));
    const auto done = file.finish(attributes);
    if (!done && done.error().errno_value == EOPNOTSUPP) GTEST_SKIP() << "no attributes of users here";
    ASSERT_TRUE(done);
    EXPECT_EQ(look("program").st_mode & 07777, 06755U);
    EXPECT_EQ(look("program").st_uid, 33U);
    EXPECT_EQ(look("program").st_gid, 34U);
    auto fd = sys::open_beneath(root_, "program", O_RDONLY).value();
    EXPECT_EQ(sys::get_xattr(fd, "user.note").value(), "kept");
    ASSERT_TRUE(writer_->copy("second", "program"));
    EXPECT_EQ(look("second").st_mode & 07777, 06755U);
    EXPECT_EQ(look("second").st_uid, 33U);
}

TEST_F(TreeWriterTest, a_sparse_file_has_its_length_and_what_is_written_where_it_belongs) {
    auto file = writer_->create("sparse").value();
    ASSERT_TRUE(file.set_length(std::uint64_t{1} << 40));
    ASSERT_TRUE(file.write("end", (std::uint64_t{1} << 40) - 3));
    ASSERT_TRUE(file.finish(mine()));
    EXPECT_EQ(look("sparse").st_size, std::int64_t{1} << 40);
    EXPECT_LT(look("sparse").st_blocks, 1000);
}

// A disk that fills up in the middle: an error, which is told, and never a short file that looks whole.
TEST(TreeWriterOnAFullDisk, says_so_for_each_kind_of_entry) {
    sys::in_own_namespaces(CLONE_NEWNS, [] {
        ASSERT_EQ(::mount("tmpfs", "/mnt", "tmpfs", 0, "size=64k,nr_inodes=10"), 0);
        const auto root = sys::open_dir(sys::kHere, "/mnt").value();
        TreeWriter writer(root);
        const NodeAttributes attributes{0644, 0, 0, {}, {}};
        auto file = writer.create("large").value();
        EXPECT_EQ(file.write(std::string(100'000, 'x'), 0).error().errno_value, ENOSPC);
        EXPECT_FALSE(writer.copy("second", "large"));
        Result<> last;
        for (int i = 0; i < 20 && last; ++i) last = writer.directory(fmt::format("d{}", i), attributes);
        EXPECT_EQ(last.error().errno_value, ENOSPC);
        EXPECT_EQ(writer.symlink("link", "x", attributes).error().errno_value, ENOSPC);
        EXPECT_EQ(writer.fifo("fifo", attributes).error().errno_value, ENOSPC);
        EXPECT_EQ(writer.create("file").error().errno_value, ENOSPC);
    });
}

TEST_F(TreeWriterTest, runs_out_of_descriptors_with_an_error) {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{0, before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
    const auto attempt = put("deep/file");
    const auto finished = writer_->directory("", mine(0755)) ? writer_->finish() : Result<>();
    ::setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_FALSE(attempt);
    EXPECT_EQ(attempt.error().errno_value, EMFILE);
    EXPECT_FALSE(finished);
}

}  // namespace
}  // namespace vs::storage
