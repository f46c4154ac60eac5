#include "guard/ask.hpp"

#include <gtest/gtest.h>

namespace vs::guard {
namespace {

TEST(Ask, many_directories_are_asked_for_in_few_rounds_and_none_is_left_out_silently) {
    std::vector<std::string> directories = {"/", "/etc"};
    EXPECT_EQ(in_rounds(directories).rounds, (std::vector<std::vector<std::string>>{{"/", "/etc"}}));
    const std::string long_name(1000, 'x');
    for (int i = 0; i < 3000; ++i) directories.push_back(fmt::format("/{}{}", long_name, i));
    auto plan = in_rounds(directories);
    EXPECT_EQ(plan.rounds.size(), 16U);
    std::size_t asked = 0;
    for (const auto& round : plan.rounds) {
        EXPECT_GE(round.size(), 2U);
        std::size_t bytes = 0;
        for (const auto& directory : round) bytes += directory.size() + 1;
        EXPECT_LE(bytes, std::size_t{100} << 10);
        asked += round.size();
    }
    EXPECT_EQ(asked - (plan.rounds.size() - 1) + plan.left_out, directories.size());  // each but the first begins with "/"
    EXPECT_GT(plan.left_out, 0U);
}

}  // namespace
}  // namespace vs::guard
