#include "base/undo_stack.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vs::base {
namespace {

TEST(UndoStack, undoes_last_first_at_scope_end) {
    std::string trace;
    {
        UndoStack undo;
        undo.push([&] { trace += "a"; });
        undo.push([&] { trace += "b"; });
    }
    EXPECT_EQ(trace, "ba");
}

TEST(UndoStack, release_forgets_everything) {
    std::string trace;
    {
        UndoStack undo;
        undo.push([&] { trace += "a"; });
        undo.release();
    }
    EXPECT_EQ(trace, "");
}

}  // namespace
}  // namespace vs::base
