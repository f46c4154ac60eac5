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

// What a process calls itself is in its row: it must neither move the column of the others nor give itself another's number.
TEST(AnnotateTable, believes_no_title_and_no_number_that_a_process_has_written) {
    Table table(fake, "web1");
    (void)table.line("    PID TTY      CMD");
    EXPECT_EQ(table.line("     17 ?        sh -c sleep PID 99"), "       100 web1              17 ?        sh -c sleep PID 99");
    EXPECT_EQ(table.line("     17 ?        nginx"), "       100 web1              17 ?        nginx") << "and the next one is found as before";
    EXPECT_FALSE(table.line("     99 ?        PID 17"));

    Table behind(fake);
    (void)behind.line("COMMAND             PID");
    EXPECT_EQ(behind.line("nginx                17"), "       100 web1         nginx                17");
    for (const char* shifted : {"n\xc3\xa4mlich            99", "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4           17   99", "nginx               1799", "nginx                17x"})
        EXPECT_EQ(behind.line(shifted), shifted) << "which number is its own nobody can say";
}

TEST(AnnotateTable, each_picture_of_top_has_titles_of_its_own) {
    Table table(fake);
    (void)table.line("    PID USER");
    EXPECT_EQ(table.line("     17 root"), "       100 web1              17 root");
    table.begin();
    EXPECT_EQ(table.line("Tasks:  17 total"), "Tasks:  17 total");
    (void)table.line(" PID USER");
    EXPECT_EQ(table.line("  17 root"), "       100 web1           17 root");
}

TEST(AnnotateTable, a_number_that_no_process_has_is_none) {
    Table table(fake);
    (void)table.line("         PID");
    for (const char* row : {"  2147483648", "99999999999999999999", "            ", "           ?", ""}) EXPECT_EQ(table.line(row), row);
}

TEST(AnnotateTree, names_what_is_not_in_the_main_environment) {
    EXPECT_EQ(annotate_tree("init(1)-+-nginx(17)\n        `-sh(99)", fake), "init(1)-+-nginx(17 web1)\n        `-sh(99 4026532001)");
    EXPECT_EQ(annotate_tree("(sd-pam)(2) a() )", fake), "(sd-pam)(2) a() )");
}

}  // namespace
}  // namespace vs::tools
