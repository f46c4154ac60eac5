#include "storage/debian_version.hpp"

#include <gtest/gtest.h>

namespace vs::storage {
namespace {

struct Pair {
    const char* smaller;
    const char* larger;
};

// Each as `dpkg --compare-versions` has it.
constexpr Pair kOrdered[] = {
    {"1.0", "1.1"},          {"1.9", "1.10"},       {"1.0~rc1", "1.0"},       {"1.0~~", "1.0~"},         {"1.0", "1.0a"},
    {"1.0a", "1.0+b"},       {"1.0-1", "1.0-2"},    {"1.0-1", "1:0.1-1"},     {"2.36-9", "2.36-9+deb12u1"}, {"1.0", "1.0-1"},
    {"0.9-1-2", "0.9-1-3"},  {"1.2.3", "1.2.3.4"},  {"7:5.1.6-0+deb12u1", "7:5.1.7-0"}, {"1.0-1~bpo12", "1.0-1"}, {"a", "b"},
};

TEST(DebianVersion, orders_as_dpkg_does) {
    for (const auto& pair : kOrdered) {
        EXPECT_TRUE(compare_versions(pair.smaller, pair.larger) < 0) << pair.smaller << " < " << pair.larger;
        EXPECT_TRUE(compare_versions(pair.larger, pair.smaller) > 0) << pair.larger << " > " << pair.smaller;
    }
}

TEST(DebianVersion, equal_versions_have_many_spellings) {
    EXPECT_TRUE(compare_versions("1.0", "1.00") == 0);
    EXPECT_TRUE(compare_versions("0:1.0", "1.0") == 0);
    EXPECT_TRUE(compare_versions("1.0-0", "1.0") == 0);
}

TEST(DebianVersion, knows_every_relation) {
    EXPECT_TRUE(version_satisfies("1.0", "=", "1.0"));
    EXPECT_TRUE(version_satisfies("1.0", ">=", "1.0"));
    EXPECT_TRUE(version_satisfies("1.0", "<=", "1.0"));
    EXPECT_TRUE(version_satisfies("1.1", ">>", "1.0"));
    EXPECT_TRUE(version_satisfies("0.9", "<<", "1.0"));
    EXPECT_FALSE(version_satisfies("1.0", ">>", "1.0"));
    EXPECT_FALSE(version_satisfies("1.0", "<<", "1.0"));
    EXPECT_FALSE(version_satisfies("1.0", "?", "1.0"));
}

}  // namespace
}  // namespace vs::storage
