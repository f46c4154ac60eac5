#include "guard/record.hpp"

#include <gtest/gtest.h>

#include <tuple>

#include "log/record.hpp"

namespace vs::guard {
namespace {

TEST(GuardRecord, is_the_sentence_and_then_each_finding) {
    EXPECT_EQ(record_text("scan: OK", {}), "scan: OK");
    EXPECT_EQ(record_text("scan: CHANGED", {"added /a"}), "scan: CHANGED: added /a");
    EXPECT_EQ(record_text("scan: CHANGED", {"added /a", "removed /b", ""}), "scan: CHANGED: added /a; removed /b; ");
}

TEST(GuardRecord, what_a_guest_has_chosen_moves_no_cursor) {
    EXPECT_EQ(record_text("a\x1b[2J", {"b\nc", "\x7f"}), "a\\x1b[2J: b\\nc; \\x7f");
}

// However many files a server makes and however it calls them, the record is written, and says how much is not in it.
TEST(GuardRecord, has_as_many_findings_as_it_has_room_for_and_says_how_many_more_there_are) {
    const std::string long_name(1000, 'x'), control(1000, '\n');
    for (const auto& [count, name, told] : {std::tuple<std::size_t, std::string, std::size_t>{20, long_name, 20}, {100, long_name, 32}, {5000, long_name, 32}, {100, control, 16}, {3, std::string(40'000, 'x'), 0}}) {
        const auto text = record_text("scan", std::vector<std::string>(count, name));
        EXPECT_LT(text.size(), log::kMostPayload);
        const auto more = count == told ? std::string() : fmt::format("; and {} more", count - told);
        EXPECT_TRUE(text.ends_with(more.empty() ? name : more)) << text.substr(text.size() - 40);
    }
}

TEST(GuardRecord, nothing_is_recorded_where_the_caller_does_it) {
    EXPECT_TRUE(record(Recording::nothing, model::ServerName::parse("none").value(), "x", {}));
}

}  // namespace
}  // namespace vs::guard
