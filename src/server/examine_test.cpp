#include <gtest/gtest.h>

#include "server/examine_parts.hpp"

namespace vs::server {
namespace {

TEST(Examine, reads_the_version_of_a_kernel) {
    EXPECT_EQ(parse_kernel_version("6.1.0-38-amd64"), (KernelVersion{6, 1}));
    EXPECT_EQ(parse_kernel_version("6.18"), (KernelVersion{6, 18}));
    EXPECT_EQ(parse_kernel_version("7.0-rc1"), (KernelVersion{7, 0}));
    for (auto bad : {"", "x", "6", "6.", "-6.1"}) EXPECT_EQ(parse_kernel_version(bad), KernelVersion{}) << bad;
}

TEST(Examine, compares_kernels_by_number_and_not_by_text) {
    EXPECT_LT(parse_kernel_version("6.1"), parse_kernel_version("6.18"));
    EXPECT_LT(parse_kernel_version("5.19"), parse_kernel_version("6.1"));
}

TEST(Examine, finds_ids_that_two_have) {
    std::vector<storage::IdRange> foreign = {{100'000, 65'536}, {200'000, 1}, {300'000, 10}};

    EXPECT_EQ(overlapping(foreign, 165'535, 1).size(), 1U);
    EXPECT_EQ(overlapping(foreign, 165'536, 1).size(), 0U);
    EXPECT_EQ(overlapping(foreign, 200'000, 65'536).size(), 1U);
    EXPECT_EQ(overlapping(foreign, 0, 1ULL << 32).size(), 3U);
    EXPECT_TRUE(overlapping({}, 0, 1ULL << 32).empty());
}

TEST(Examine, a_range_may_end_where_numbers_do) { EXPECT_EQ(overlapping({{4'294'967'295U, 1}}, 4'294'901'760U, 65'536).size(), 1U); }

TEST(Examine, every_grade_has_a_word) {
    EXPECT_EQ(grade_name(Grade::good), "good");
    EXPECT_EQ(grade_name(Grade::notice), "notice");
    EXPECT_EQ(grade_name(Grade::bad), "bad");
}

}  // namespace
}  // namespace vs::server
