#include "sys/proc_stat.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::sys {
namespace {

TEST(ProcStat, who_has_executed_is_known_also_when_he_has_ended) {
    auto proc = open_dir(kHere, "/proc").value();
    for (bool executes : {true, false}) {
        const pid_t child = ::fork();
        if (child == 0 && executes) ::execl("/bin/true", "true", nullptr);
        if (child == 0) ::_exit(1);
        siginfo_t ended{};
        ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
        EXPECT_EQ(has_executed(proc, child).value(), executes);
        ASSERT_EQ(::waitpid(child, nullptr, 0), child);
        EXPECT_FALSE(has_executed(proc, child)) << "reaped";
    }
}

TEST(ProcStat, a_name_may_look_like_fields) {
    ScratchDir scratch;
    scratch.write("stat", "7 (a) S 1 2 (b)) R 11 12 13\n");
    EXPECT_EQ(stat_field(scratch.dir(), "stat", 4).value(), 11U);
    EXPECT_EQ(stat_field(scratch.dir(), "stat", 6).value(), 13U);
    EXPECT_FALSE(stat_field(scratch.dir(), "stat", 7));
    EXPECT_FALSE(stat_field(scratch.dir(), "stat", 3)) << "a letter";
    scratch.write("stat", "7 (a S 1 2\n");
    EXPECT_FALSE(stat_field(scratch.dir(), "stat", 4));
}

}  // namespace
}  // namespace vs::sys
