#include "sys/fanotify.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "sys/content.hpp"
#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/scratch_dir.hpp"
#include "sys/watch.hpp"

namespace vs::sys {
namespace {

/// A file system of its own, so that nobody else's changes are seen.
void on_watched_files(const std::function<void(const FileWatch&)>& body) {
    in_own_namespaces(CLONE_NEWNS, [&] {
        ASSERT_EQ(::mount("tmpfs", "/var/lib", "tmpfs", 0, nullptr), 0);
        ASSERT_TRUE(make_dirs("/var/lib/dir", 0755));
        auto watch = FileWatch::open("/var/lib").value();
        body(watch);
    });
}

bool has(const FileWatch::Batch& batch, FileChange change, const std::string& directory, const std::string& name) {
    return std::ranges::any_of(batch.events, [&](const auto& event) { return event.change == change && event.directory == directory && event.name == name && event.pid == ::getpid(); });
}

TEST(FileWatch, says_what_became_of_which_name_and_who_did_it) {
    on_watched_files([](const FileWatch& watch) {
        auto dir = open_dir(kHere, "/var/lib/dir").value();
        EXPECT_TRUE(watch.read().value().events.empty());
        ASSERT_TRUE(write_all(open_at(dir, "new", O_WRONLY | O_CREAT, 0600).value(), "x"));
        auto made = watch.read().value();
        EXPECT_TRUE(has(made, FileChange::entry, "/var/lib/dir", "new"));
        ASSERT_TRUE(change_owner(dir, "new", 1, 1));
        EXPECT_TRUE(has(watch.read().value(), FileChange::status, "/var/lib/dir", "new"));
        ASSERT_TRUE(write_all(open_at(dir, "new", O_WRONLY).value(), "y"));
        EXPECT_TRUE(has(watch.read().value(), FileChange::content, "/var/lib/dir", "new"));
        ASSERT_TRUE(rename_at(dir, "new", kHere, "/var/lib/moved"));
        auto moved = watch.read().value();
        EXPECT_TRUE(has(moved, FileChange::entry, "/var/lib/dir", "new"));
        EXPECT_TRUE(has(moved, FileChange::entry, "/var/lib", "moved"));
        ASSERT_TRUE(remove_file(kHere, "/var/lib/moved"));
        EXPECT_TRUE(has(watch.read().value(), FileChange::entry, "/var/lib", "moved"));
        EXPECT_FALSE(made.lost);
    });
}

TEST(FileWatch, a_directory_that_is_called_deleted_is_seen_and_one_that_is_deleted_has_no_name) {
    on_watched_files([](const FileWatch& watch) {
        ASSERT_TRUE(make_dirs("/var/lib/www (deleted)", 0755));
        (void)watch.read();
        ASSERT_TRUE(open_at(kHere, "/var/lib/www (deleted)/page", O_WRONLY | O_CREAT, 0600));
        EXPECT_TRUE(has(watch.read().value(), FileChange::entry, "/var/lib/www (deleted)", "page"));
        auto dir = open_dir(kHere, "/var/lib/dir").value();
        ASSERT_TRUE(open_at(dir, "file", O_WRONLY | O_CREAT, 0600) && remove_file(dir, "file") && remove_dir(kHere, "/var/lib/dir"));
        const auto batch = watch.read().value();
        for (const auto& event : batch.events) EXPECT_NE(event.directory, "/var/lib/dir") << event.name << ": it is gone by now";
    });
}

TEST(FileWatch, events_that_were_lost_are_told) {
    on_watched_files([](const FileWatch& watch) {
        auto dir = open_dir(kHere, "/var/lib/dir").value();
        const auto held = base::parse_number(read_kernel_file(kHere, "/proc/sys/fs/fanotify/max_queued_events").value()).value();
        for (std::uint64_t i = 0; i <= held; ++i) ASSERT_TRUE(make_symlink(dir, std::to_string(i), "x"));
        bool lost = false;
        for (;;) {
            auto batch = watch.read().value();
            lost = lost || batch.lost;
            if (batch.events.empty()) break;
        }
        EXPECT_TRUE(lost);
    });
}

TEST(DirWatch, what_happened_since_it_was_opened_counts) {
    ScratchDir scratch;
    scratch.write("file", "x");
    auto watch = DirWatch::open(scratch.dir()).value();
    ASSERT_TRUE(write_all(open_at(scratch.dir(), "file", O_WRONLY).value(), "y"));
    EXPECT_TRUE(watch.wait()) << "which would wait for ever";
    EXPECT_FALSE(DirWatch::open(FdRef(-1)));
}

TEST(Content, is_read_where_it_is_up_to_the_end) {
    ScratchDir scratch;
    auto file = open_at(scratch.dir(), "file", O_RDWR | O_CREAT, 0600).value();
    constexpr std::uint64_t kFar = 1 << 20;
    ASSERT_EQ(::pwrite(file.get(), "end", 3, kFar), 3);
    unsigned char room[8] = {};
    EXPECT_EQ(read_at(file, room, kFar).value(), 3U);
    EXPECT_EQ(room[0], 'e');
    EXPECT_EQ(read_at(file, room, kFar + 3).value(), 0U);
    EXPECT_EQ(read_at(file, room, 0).value(), 8U) << "a hole reads as zeros";
    EXPECT_EQ(room[0], 0);
    EXPECT_FALSE(read_at(open_at(scratch.dir(), ".", O_RDONLY).value(), room, 0));
}

TEST(Content, a_hole_is_passed_over_and_nothing_else) {
    in_own_namespaces(CLONE_NEWNS, [] {
        ASSERT_EQ(::mount("tmpfs", "/var/lib", "tmpfs", 0, nullptr), 0);
        auto file = open_at(kHere, "/var/lib/file", O_RDWR | O_CREAT, 0600).value();
        constexpr std::uint64_t kFar = 1 << 20;
        ASSERT_EQ(::pwrite(file.get(), "x", 1, kFar), 1);
        ASSERT_EQ(::ftruncate(file.get(), 3 << 20), 0);
        EXPECT_EQ(next_data(file, 0).value(), kFar);
        EXPECT_EQ(next_data(file, kFar).value(), kFar);
        EXPECT_EQ(next_data(file, kFar + 65536).value(), std::nullopt) << "a hole to the end";
        EXPECT_EQ(next_data(file, 5 << 20).value(), std::nullopt) << "beyond the end";
        EXPECT_FALSE(keeps_change_times(file).value()) << "a store through a mapping does not move the time of a file in memory";
        EXPECT_TRUE(write_back(file));
    });
}

}  // namespace
}  // namespace vs::sys
