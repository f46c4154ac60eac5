#include "sys/proc_stat.hpp"

#include <gtest/gtest.h>

#include "sys/scratch_dir.hpp"

namespace vs::sys {
namespace {

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
