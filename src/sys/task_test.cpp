#include "sys/task.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/file.hpp"

namespace vs::sys {
namespace {

using Names = std::vector<std::string>;

TEST(Task, executable_mappings_that_are_no_plain_files) {
    EXPECT_EQ(unusual_executable_mappings("55d-55e r-xp 00000000 fe:00 12   /usr/bin/cat\n"), Names{});
    EXPECT_EQ(unusual_executable_mappings("55d-55e rw-p 00000000 00:00 0 \n"), Names{});
    EXPECT_EQ(unusual_executable_mappings("7ff-7fe r-xp 00000000 00:00 0    [vdso]\n"), Names{});
    EXPECT_EQ(unusual_executable_mappings("55d-55e rwxp 00000000 00:00 0 \n55e-55f rwxp 00000000 00:00 0 \n"), Names{""});
    EXPECT_EQ(unusual_executable_mappings("55d-55e r-xp 00000000 fe:00 12  /tmp/a b (deleted)\n"), Names{"/tmp/a b (deleted)"});
    EXPECT_EQ(unusual_executable_mappings("55d-55e r-xs 00000000 00:01 12  /memfd:x (deleted)"), Names{"/memfd:x (deleted)"});
    EXPECT_EQ(unusual_executable_mappings("55d-55e r-xp 00000000 00:00 0   [stack]\n"), Names{"[stack]"});
    EXPECT_EQ(unusual_executable_mappings(""), Names{});
    EXPECT_EQ(unusual_executable_mappings("nonsense\n\n"), Names{});
}

TEST(Task, reads_a_process_and_misses_one_that_is_gone) {
    auto proc = open_dir(kHere, "/proc").value();
    auto self = read_task(proc, ::getpid());
    ASSERT_TRUE(self && *self);
    EXPECT_TRUE((*self)->is_whole);
    auto task = parse_task(**self, 0);
    EXPECT_EQ(task.pid_inside, ::getpid());
    EXPECT_EQ(task.name, "sys_test");
    EXPECT_TRUE(task.program.ends_with("sys_test"));
    auto gone = read_task(proc, 0x7ffffff0);
    ASSERT_TRUE(gone);
    EXPECT_FALSE(*gone);
}

}  // namespace
}  // namespace vs::sys
