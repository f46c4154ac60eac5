#include "storage/os_release.hpp"

#include <gtest/gtest.h>

namespace vs::storage {
namespace {

TEST(OsRelease, reads_debians) {
    auto release = parse_os_release("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_CODENAME=bookworm\n");

    EXPECT_EQ(release.pretty_name, "Debian GNU/Linux 12 (bookworm)");
    EXPECT_EQ(release.codename, "bookworm");
}

TEST(OsRelease, a_codename_is_a_word_or_nothing) {
    for (const char* bad : {"../../etc", "a b", "A", "x\x1b", "$(id)"})
        EXPECT_EQ(parse_os_release(std::string("VERSION_CODENAME=") + bad).codename, "") << bad;
}

TEST(OsRelease, a_name_is_short_and_has_no_control_characters) {
    auto release = parse_os_release("PRETTY_NAME='" + std::string(1000, 'x') + "'\n");

    EXPECT_LE(release.pretty_name.size(), 128U);
    EXPECT_EQ(parse_os_release("PRETTY_NAME=a\x1b[2J").pretty_name, "a\\x1b[2J");
}

TEST(OsRelease, rubbish_is_empty) {
    for (const char* bad : {"", "\n\n", "=", "PRETTY_NAME", "PRETTY_NAME=\""}) EXPECT_EQ(parse_os_release(bad).codename, "");
}

}  // namespace
}  // namespace vs::storage
