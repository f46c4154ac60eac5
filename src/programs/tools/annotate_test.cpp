#include "programs/tools/annotate.hpp"

#include <gtest/gtest.h>

namespace vs::tools {
namespace {

Place fake(int pid) { return pid == 17 ? Place{"100", "web1"} : pid == 99 ? Place{"4026532001", "-"} : Place{"0", "-"}; }

TEST(AnnotateTable, puts_the_context_before_each_row_and_leaves_the_rest) {
    Table table(fake);
    EXPECT_EQ(table.line("Tasks: 17 total"), "Tasks: 17 total");
    EXPECT_EQ(table.line("    PID TTY      CMD"), "       CTX NAME             PID TTY      CMD");
    EXPECT_EQ(table.line("     17 ?        nginx"), "       100 web1              17 ?        nginx");
    EXPECT_EQ(table.line(""), "");
}

TEST(AnnotateTable, finds_the_column_wherever_it_is_and_no_other_word) {
    Table table(fake);
    (void)table.line("USER         PID    PPID %CPU");
    EXPECT_EQ(table.line("root          17      99  0.0"), "       100 web1         root          17      99  0.0");
    Table parent(fake);
    EXPECT_EQ(parent.line("   PPID CMD"), "   PPID CMD");
}

TEST(AnnotateTable, leaves_out_what_was_not_asked_for) {
    Table table(fake, "web1");
    (void)table.line("  PID");
    EXPECT_FALSE(table.line("   99"));
    EXPECT_TRUE(table.line("   17"));
    EXPECT_TRUE(is_in({"5", "-"}, "ALL"));
    EXPECT_FALSE(is_in({"5", "-"}, "6"));
}

TEST(AnnotateTree, names_what_is_not_in_the_main_environment) {
    EXPECT_EQ(annotate_tree("init(1)-+-nginx(17)\n        `-sh(99)", fake), "init(1)-+-nginx(17 web1)\n        `-sh(99 4026532001)");
    EXPECT_EQ(annotate_tree("(sd-pam)(2) a() )", fake), "(sd-pam)(2) a() )");
}

}  // namespace
}  // namespace vs::tools
