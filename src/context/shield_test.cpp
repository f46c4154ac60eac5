#include "context/shield.hpp"

#include <gtest/gtest.h>

#include "bpf/shield.h"
#include "context/shield_object.hpp"

namespace vs::context {
namespace {

TEST(Shield, is_told_the_group_of_the_servers_what_is_above_it_and_our_programs) {
    auto setup = make_setup({"vservers.service", {7, 1}}, {{4711, 254 << 20 | 1, SHIELD_DOOR}, {4712, 27, SHIELD_GUARDED}});

    ASSERT_TRUE(setup);
    EXPECT_STREQ(setup->root.text, "vservers.service");
    EXPECT_EQ(setup->above[0], 7U);
    EXPECT_EQ(setup->above[1], 1U);
    EXPECT_EQ(setup->above[2], 0U);
    EXPECT_EQ(setup->programs[1].inode, 4712U);
    EXPECT_EQ(setup->programs[1].mark, SHIELD_GUARDED);
    EXPECT_EQ(setup->programs[2].mark, SHIELD_PLAIN);  // and no file has inode 0
}

TEST(Shield, compares_whole_names_of_groups) {
    auto setup = make_setup({std::string(SHIELD_NAME - 1, 'x'), {}}, {});
    ASSERT_TRUE(setup);
    EXPECT_EQ(setup->root.text[SHIELD_NAME - 1], '\0');
}

TEST(Shield, is_not_put_up_with_less_than_all_that_it_must_know) {
    EXPECT_EQ(make_setup({std::string(SHIELD_NAME, 'x'), {}}, {}).error().code, Code::unsupported);
    EXPECT_EQ(make_setup({"vservers", std::vector<std::uint64_t>(SHIELD_ABOVE + 1)}, {}).error().code, Code::unsupported);
    EXPECT_EQ(make_setup({"vservers", {}}, std::vector<shield_program>(SHIELD_PROGRAMS + 1)).error().code, Code::unsupported);
}

TEST(Shield, is_inside_this_program) { EXPECT_TRUE(shield_object().starts_with("\x7f" "ELF")); }

}  // namespace
}  // namespace vs::context
