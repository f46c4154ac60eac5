#include "context/report_text.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace vs::context {
namespace {

TEST(ReportText, AnIndexThatTheViewHasNotIsASentenceToo) {
    const std::vector<ViewStep> view = {{.path = "/proc", .type = "proc"}};
    ChildPlan plan;
    EXPECT_NE(report_error({.step = Step::view, .errno_value = EIO, .index = 0}, plan).message().find("hide the outside"), std::string::npos);
    plan.view = &view;
    EXPECT_NE(report_error({.step = Step::view, .errno_value = EIO, .index = 0}, plan).message().find("proc on '/proc'"), std::string::npos);
    for (std::uint32_t index : {1U, 1000U, ~0U})
        EXPECT_NE(report_error({.step = Step::view, .errno_value = EIO, .index = index}, plan).message().find("hide the outside"), std::string::npos);
}

TEST(ReportText, NorDoesAStepThatIsNoneDoHarm) {
    const ChildPlan plan;
    EXPECT_FALSE(report_error({.step = static_cast<Step>(200), .errno_value = -5}, plan).message().empty());
}

}  // namespace
}  // namespace vs::context
