#include "storage/unpack_policy.hpp"

#include <gtest/gtest.h>

namespace vs::storage {
namespace {

TEST(UnpackPolicy, names_become_clean_paths) {
    EXPECT_EQ(entry_path("./etc//passwd").value(), "etc/passwd");
    EXPECT_EQ(entry_path("etc/").value(), "etc");
    EXPECT_EQ(entry_path("a/./b/.").value(), "a/b");
    for (const char* root : {".", "./", "./."}) EXPECT_EQ(entry_path(root).value(), "") << root;
    EXPECT_EQ(entry_path("...").value(), "...") << "three dots are a name";
    EXPECT_EQ(entry_path("a\nb").value(), "a\nb") << "odd, but a name";
}

TEST(UnpackPolicy, names_that_lead_out_are_refused) {
    for (const char* bad : {"", "/", "/etc/passwd", "//x", "..", "../x", "a/../b", "a/..", "./../x"}) EXPECT_FALSE(entry_path(bad)) << bad;
    EXPECT_FALSE(entry_path(std::string_view("a\0b", 3)));
}

TEST(UnpackPolicy, names_are_bounded) {
    EXPECT_TRUE(entry_path(std::string(255, 'x')));
    EXPECT_FALSE(entry_path(std::string(256, 'x')));
    std::string deep;
    while (deep.size() <= kLongestPath) deep += "d/";
    EXPECT_FALSE(entry_path(deep));
}

TEST(UnpackPolicy, links_point_anywhere_but_nowhere) {
    EXPECT_TRUE(check_link_target("../../../../etc/shadow"));
    EXPECT_TRUE(check_link_target("/proc/self/root"));
    EXPECT_FALSE(check_link_target(""));
    EXPECT_FALSE(check_link_target(std::string(4096, 'x')));
}

TEST(UnpackPolicy, owners_are_those_of_a_server) {
    EXPECT_EQ(entry_owner(65535).value(), 65535U);
    for (std::int64_t bad : {std::int64_t{-1}, std::int64_t{65536}, std::int64_t{1} << 40}) EXPECT_FALSE(entry_owner(bad)) << bad;
}

TEST(UnpackPolicy, xattrs_of_the_kernel_are_dropped) {
    for (const char* bad : {"trusted.overlay.redirect", "trusted.x", "security.selinux", "security.ima", "system.posix_acl_access", "user.",
                            "USER.x", ""})
        EXPECT_FALSE(kept_xattr(bad, "v")) << bad;
    EXPECT_EQ(kept_xattr("user.comment", "v"), "v");
}

TEST(UnpackPolicy, capabilities_become_plain_ones) {
    std::string plain("\x01\0\0\x02" "abcdefghijklmnop", 20);
    std::string ours = std::string("\x01\0\0\x03" "abcdefghijklmnop", 20) + std::string(4, '\0');
    std::string foreign = std::string("\x01\0\0\x03" "abcdefghijklmnop", 20) + std::string("\x01\0\0\0", 4);

    EXPECT_EQ(kept_xattr("security.capability", plain), plain);
    EXPECT_EQ(kept_xattr("security.capability", ours), plain);
    EXPECT_FALSE(kept_xattr("security.capability", foreign));
    EXPECT_FALSE(kept_xattr("security.capability", "short"));
}

TEST(UnpackPolicy, budgets_end) {
    UnpackBudget budget({.bytes = 100, .entries = 2});

    EXPECT_TRUE(budget.take_bytes(60));
    EXPECT_FALSE(budget.take_bytes(41));
    EXPECT_TRUE(budget.take_bytes(40));
    EXPECT_FALSE(budget.take_bytes(-1));
    EXPECT_FALSE(budget.take_bytes(std::int64_t{1} << 62));
    EXPECT_TRUE(budget.take_entry());
    EXPECT_TRUE(budget.take_entry());
    EXPECT_FALSE(budget.take_entry());
}

}  // namespace
}  // namespace vs::storage
