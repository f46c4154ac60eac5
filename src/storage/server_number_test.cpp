#include "storage/server_number.hpp"

#include <gtest/gtest.h>

namespace vs::storage {
namespace {

std::uint32_t lowest(const std::vector<model::ServerNumber>& used, const std::vector<IdRange>& foreign) {
    return lowest_free_number(used, foreign)->value;
}

TEST(ServerNumber, is_the_lowest_that_is_free) {
    EXPECT_EQ(lowest({}, {}), 0U);
    EXPECT_EQ(lowest({{0}, {1}, {3}}, {}), 2U);
}

TEST(ServerNumber, keeps_off_ids_of_others) {
    std::uint32_t first = model::ServerNumber{0}.first_id();

    EXPECT_EQ(lowest({}, {{first - 1, 1}}), 0U);
    EXPECT_EQ(lowest({}, {{first - 1, 2}}), 1U);
    EXPECT_EQ(lowest({{0}}, {{first + 65536, 1}}), 2U);
    EXPECT_EQ(lowest({}, {{first, 65536 * 3}}), 3U);
}

TEST(ServerNumber, there_is_none_when_all_are_taken) { EXPECT_FALSE(lowest_free_number({}, {{0, 0xffffffffU}})); }

TEST(ServerNumber, subordinate_ids_are_parsed_strictly) {
    auto ranges = parse_subordinate_ids("alice:100000:65536\n# comment\nbob:x:1\nbroken\ncarol:1879048192:10\nd:99999999999:1\n");

    ASSERT_EQ(ranges.size(), 2U);
    EXPECT_EQ(ranges[0].first, 100000U);
    EXPECT_EQ(ranges[1].first, 0x70000000U);
    EXPECT_EQ(ranges[1].count, 10U);
}

TEST(ServerNumber, ordinary_accounts_do_not_matter) {
    EXPECT_TRUE(parse_account_ids("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/x\n").empty());
    EXPECT_EQ(parse_account_ids("winbind:x:1879048200:1::/:/x\n").size(), 1U);
}

}  // namespace
}  // namespace vs::storage
