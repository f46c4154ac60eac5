#include "cli/tables.hpp"

#include <gtest/gtest.h>

#include "cli/fixture.hpp"

namespace vs::cli {
namespace {

/// The text without its run of blanks, and without what the clock says.
std::string squeezed(const std::string& text) {
    std::string out;
    for (char c : text)
        if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    return out;
}

TEST(Tables, a_list_has_a_line_for_each_server) {
    auto text = squeezed(list_table({broken_server()}).text(Table::Titles::plain));

    EXPECT_EQ(text, "NAME CTX STATE UPTIME ADDRESS IMAGE\nold - stopped, broken - - -\n");
}

TEST(Tables, stat_shows_what_is_used) {
    auto text = squeezed(stat_table({running_server()}).text(Table::Titles::plain));

    EXPECT_TRUE(text.starts_with("CTX NAME PROC MEM CPU UPTIME ADDRESS\n103 web1 17 512M 1:01.23 ")) << text;
    EXPECT_TRUE(text.ends_with(" 192.0.2.7\n")) << text;
}

TEST(Tables, status_tells_the_problem_of_a_broken_server) {
    auto text = squeezed(status_text(broken_server()));

    EXPECT_EQ(text, "old\n state stopped\n problem old.toml:3: no\n addresses -\n settings /etc/vservers/old.toml\n");
}

TEST(Tables, status_hides_nothing_that_is_known) {
    auto text = squeezed(status_text(running_server()));

    for (auto part : {"state running", "context 103", "init process 4711, /sbin/init", "memory 512M", "processes 17", "addresses 192.0.2.7",
                      "host name web1", "image debian-bookworm-1"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

TEST(Tables, a_finding_is_followed_by_what_mends_it) {
    Examination examination{"web1", {{server::Grade::bad, "image", "gone", "bring it back"}, {server::Grade::good, "ids", "fine", ""}}};

    EXPECT_EQ(findings_text(examination),
              "web1: BAD  image        gone\n"
              "web1:                   -> bring it back\n"
              "web1: ok   ids          fine\n");
}

TEST(Tables, text_of_a_guest_moves_no_cursor) {
    auto server = running_server();
    server.run->init_path = "/sbin/\x1b[2J";

    EXPECT_EQ(status_text(server).find('\x1b'), std::string::npos);
}

TEST(Tables, hiding_lists_whom_it_blinds_and_who_cannot_be_helped) {
    const server::Blinded blinded{{"ntp.service"}, {"ntp.service"}, {{7, "x\n", ""}, {8, "y", "ssh.service"}}};
    EXPECT_EQ(blinded_text(blinded), "ntp.service gets a /proc of its own, from its next start on\nntp.service runs without one\n"
                                     "process 7 (x\\n), in no service, cannot be given one\nprocess 8 (y), of ssh.service, cannot be given one\n");
    EXPECT_EQ(hiding_text({true, {"a.service"}, {}}).substr(0, 4), "on: ");
}

TEST(Tables, the_shield_says_what_is_open_and_what_to_do) {
    EXPECT_NE(shield_text({}).find("context 0 sees the processes of servers"), std::string::npos);
    EXPECT_EQ(shield_text({.up = true, .is_door = true}), "on: only the door reaches the processes of servers\n");
    EXPECT_NE(shield_text({.up = true, .is_door = true, .hidden = true}).find("\nhidden: "), std::string::npos);
    EXPECT_NE(shield_text({.up = true, .is_door = false}).find("'vserver shield on' again"), std::string::npos);
}

}  // namespace
}  // namespace vs::cli
