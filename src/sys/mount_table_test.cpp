#include "sys/mount_table.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "base/dice.hpp"
#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::sys {
namespace {

constexpr std::string_view kTable =
    "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "40 21 0:31 / /srv/a\\040b\\134c rw,nosuid master:3 propagate_from:2 - overlay vserver ro,lowerdir=/x\n"
    "41 21 0:32 / /proc rw - proc proc rw\n";

TEST(MountTable, reads_points_with_and_without_optional_fields) {
    auto entries = parse_mount_table(kTable);

    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entries[0].point, "/");
    EXPECT_EQ(entries[1].point, "/srv/a b\\c");
    EXPECT_EQ(entries[1].type, "overlay");
    EXPECT_EQ(entries[1].source, "vserver");
    EXPECT_EQ(entries[1].root, "/");
    EXPECT_EQ(entries[1].options, "rw,nosuid");
    EXPECT_EQ(entries[1].super_options, "ro,lowerdir=/x");
    EXPECT_EQ(entries[2].type, "proc");
}

TEST(MountTable, skips_what_is_no_line_of_it) {
    for (auto bad : {"", "\n", "1 2 3", "21 1 8:1 / / rw -", "21 1 8:1 / / rw - ext4", "a b c d e f g h"})
        EXPECT_TRUE(parse_mount_table(bad).empty()) << bad;
}

TEST(MountTable, the_root_is_a_mount_point_and_a_file_of_it_is_not) {
    EXPECT_TRUE(mounted_at("/proc").value().has_value());
    EXPECT_FALSE(mounted_at("/proc/self").value().has_value());
}

TEST(MountTable, knows_the_device_of_a_mount) {
    EXPECT_EQ(device_of_mount(kTable, 21), 8U << 20 | 1U);
    EXPECT_EQ(device_of_mount(kTable, 40), 31U);
    EXPECT_EQ(device_of_mount(kTable, 8), std::nullopt);
    EXPECT_EQ(device_of_mount("22 1 254 / / rw - ext4 x rw\n", 22), std::nullopt);
}

TEST(MountTable, names_an_inode_as_stat_does_where_that_tells) {
    auto inode = kernel_inode("/proc/version");
    ASSERT_TRUE(inode);
    EXPECT_EQ(*inode, *kernel_inode("/proc/version"));
    EXPECT_FALSE(kernel_inode("/proc/nothing"));
}

/// As the kernel writes a path (mangle() in fs/proc_namespace.c).
std::string escaped(const std::string& path) {
    std::string out;
    for (char c : path) out += std::string_view(" \t\n\\#").find(c) == std::string_view::npos ? std::string(1, c) : fmt::format("\\{:03o}", static_cast<unsigned char>(c));
    return out;
}

TEST(MountTable, whatever_a_guest_calls_its_mount_points_is_read_as_it_is) {
    base::Dice dice(1);
    for (int i = 0; i < 500; ++i) {
        const auto point = "/" + dice.text("ab \t\n\\#-0134:,=", 12), source = "s" + dice.text("a \t\n\\-", 8);
        auto entries = parse_mount_table(fmt::format("21 1 8:1 / {} rw shared:1 - ext4 {} rw\n", escaped(point), escaped(source)));
        ASSERT_EQ(entries.size(), 1U) << point;
        EXPECT_EQ(entries[0].point, point);
        EXPECT_EQ(entries[0].source, source);
    }
}

TEST(MountTable, a_damaged_table_is_read_as_far_as_it_goes) {
    base::Dice dice(2);
    for (int i = 0; i < 1000; ++i) EXPECT_LE(parse_mount_table(dice.damage(std::string(kTable))).size(), 4U);
}

TEST(MountTable, the_topmost_mount_counts_and_a_descriptor_names_its_own) {
    in_own_namespaces(CLONE_NEWNS, [] {
        ScratchDir scratch;
        const std::string name = "a b\\040c\n#";
        scratch.make_dir(name);
        const auto path = scratch.path(name);
        EXPECT_FALSE(mounted_at(path).value());
        for (const char* source : {"one", "two"}) ASSERT_EQ(::mount(source, path.c_str(), "tmpfs", 0, nullptr), 0);
        EXPECT_EQ(mounted_at(path).value()->source, "two");
        EXPECT_EQ(mounted_at(open_dir(scratch.dir(), name).value()).value()->source, "two");
        EXPECT_FALSE(mounted_at(scratch.dir()).value());
        ASSERT_EQ(::umount(path.c_str()), 0);
        EXPECT_EQ(mounted_at(path).value()->source, "one");
        ASSERT_EQ(::umount(path.c_str()), 0);
    });
}

}  // namespace
}  // namespace vs::sys
