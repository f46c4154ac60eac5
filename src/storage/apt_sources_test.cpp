#include "storage/apt_sources.hpp"

#include <gtest/gtest.h>

namespace vs::storage {
namespace {

const std::string kDeb822 =
    "Types: deb deb-src\nURIs: http://m.example/debian\nSuites: bookworm bookworm-updates\nComponents: main contrib\n"
    "Signed-By: /usr/share/keyrings/k.gpg\n\nTypes: deb\nEnabled: no\nURIs: http://no\nSuites: bookworm\n\n"
    "Types: deb-src\nURIs: http://src\nSuites: bookworm\n";

TEST(AptSources, reads_deb822) {
    auto sources = parse_sources_deb822(kDeb822);

    ASSERT_EQ(sources.size(), 2U);
    EXPECT_EQ(sources[0].line(), "deb [signed-by=/usr/share/keyrings/k.gpg] http://m.example/debian bookworm main contrib");
    EXPECT_EQ(sources[1].suite, "bookworm-updates");
}

TEST(AptSources, reads_lines) {
    auto sources = parse_sources_list("# c\ndeb [ arch=amd64 trusted=yes ] http://a x main # end\ndeb-src http://a x main\ndeb http://b ./\n");

    ASSERT_EQ(sources.size(), 2U);
    EXPECT_EQ(sources[0].options, "arch=amd64 trusted=yes");
    EXPECT_EQ(sources[0].components, "main");
    EXPECT_EQ(sources[1].suite, "./");
}

TEST(AptSources, print_what_they_parse) {
    auto sources = parse_sources_deb822(kDeb822);

    EXPECT_EQ(parse_sources_list(print_sources(sources)), sources);
}

TEST(AptSources, credentials_are_dropped) {
    EXPECT_EQ(without_credentials("https://user:secret@host/x"), "https://host/x");
    EXPECT_EQ(without_credentials("https://user@host:8080"), "https://host:8080");
    EXPECT_EQ(without_credentials("https://a:p@ss@host/x@y"), "https://host/x@y");
    EXPECT_EQ(without_credentials("https://host/a@b"), "https://host/a@b");
    EXPECT_EQ(without_credentials("file:/srv/x"), "file:/srv/x");
}

TEST(AptSources, of_a_suite_are_its_own_where_the_host_has_them) {
    auto sources = parse_sources_list(
        "deb http://m bookworm main\ndeb http://s bookworm-security main\ndeb http://x nodistro main\ndeb http://m trixie main\n");

    EXPECT_EQ(sources_for(sources, "bookworm", "bookworm").size(), 2U);
    EXPECT_EQ(print_sources(sources_for(sources, "trixie", "bookworm")), "deb http://m trixie main\n");
}

TEST(AptSources, of_another_suite_are_on_the_hosts_mirrors) {
    auto sources = parse_sources_list("deb http://m bookworm main\ndeb http://s bookworm-security main\n");

    EXPECT_EQ(print_sources(sources_for(sources, "trixie", "bookworm")), "deb http://m trixie main\ndeb http://s trixie-security main\n");
}

TEST(AptSources, of_a_host_without_any_are_none) { EXPECT_TRUE(sources_for({}, "trixie", "bookworm").empty()); }

}  // namespace
}  // namespace vs::storage
