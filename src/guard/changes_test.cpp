#include "guard/changes.hpp"

#include <gtest/gtest.h>

#include "base/dice.hpp"

namespace vs::guard {
namespace {

sys::FileWatch::Batch batch(std::vector<sys::FileEvent> events) { return {std::move(events), false}; }

sys::FileEvent event(pid_t pid, const std::string& directory, const std::string& name, sys::FileChange change = sys::FileChange::content) {
    return {change, pid, directory, name};
}

std::vector<std::string> all_of(Changes& changes) {
    std::vector<std::string> messages;
    for (auto message = changes.next(); message; message = changes.next()) {
        messages.push_back(*message);
        changes.said();
    }
    return messages;
}

using Messages = std::vector<std::string>;

TEST(Changes, a_server_is_named_with_three_of_those_who_changed_it) {
    Changes changes("/s");
    changes.take(batch({event(5, "/s/web1/upper/etc", "a"), event(4, "/s/web1/upper", "b"), event(6, "/s/web1/volumes/x", "c"), event(7, "/s/web1/upper/x", "d"),
                        event(5, "/s/web2/upper", "a")}));
    EXPECT_EQ(all_of(changes), (Messages{"web1 4 5 6", "web2 5"}));
    EXPECT_EQ(all_of(changes), Messages{});
}

TEST(Changes, what_is_not_a_servers_own_is_nothing) {
    Changes changes("/s");
    changes.take(batch({event(1, "", "a"), event(1, "/", "a"), event(1, "/s", "web1"), event(1, "/s/web1", "upper"), event(1, "/s/web1/guard", "seen"), event(1, "/sx/web1/upper", "a"),
                        event(1, "/s/web1/upperx", "a")}));
    EXPECT_EQ(all_of(changes), Messages{});
}

TEST(Changes, lost_events_are_said_first) {
    Changes changes("/s");
    changes.take({{event(5, "/s/web1/upper", "a")}, true});
    EXPECT_EQ(all_of(changes), (Messages{"lost", "web1 5"}));
}

TEST(Changes, data_that_is_written_where_data_belongs_is_dull_but_a_name_and_a_mode_are_not) {
    Changes changes("/s");
    ASSERT_TRUE(changes.expect(print_expectations("web1", {{"/", Expectation::frozen}, {"/tmp", Expectation::ignored}})));
    changes.take(batch({event(5, "/s/web1/upper/tmp", "a")}));
    EXPECT_EQ(all_of(changes), Messages{});
    for (auto change : {sys::FileChange::entry, sys::FileChange::status}) {
        changes.take(batch({event(5, "/s/web1/upper/tmp", "a", change)}));
        EXPECT_EQ(all_of(changes), (Messages{"web1 5"}));
    }
    changes.take(batch({event(5, "/s/web2/upper/tmp", "a"), event(6, "/s/web1/upper/etc", "a")}));
    EXPECT_EQ(all_of(changes), (Messages{"web1 6", "web2 5"}));
    for (const char* bad : {"web1\nx /", "web1\n9 /", "web1\n0 tmp", "web1\n"}) EXPECT_FALSE(changes.expect(bad)) << bad;
}

TEST(Changes, the_watch_takes_no_other_message) {
    auto good = parse_changed("web1 4 5");
    ASSERT_TRUE(good);
    EXPECT_EQ(good->server, "web1");
    EXPECT_EQ(good->who, (std::vector<pid_t>{4, 5}));
    EXPECT_EQ(parse_changed("lost")->server, "");
    for (const char* bad : {"", "web1", "web1 x", "web1 4 5 6 7", "../x 4", "web1 99999999999", "web1 -1", "lost 4 4 4 4"}) EXPECT_FALSE(parse_changed(bad)) << bad;
    EXPECT_FALSE(parse_changed(print_failure(Error{Code::failed, 0, "why", {}})));
}

TEST(Changes, no_message_of_a_strangers_ends_the_watch_but_as_an_error) {
    base::Dice dice(1);
    for (int i = 0; i < 2000; ++i) {
        auto read = parse_changed(dice.damage("web1 4711 4712 99"));
        if (!read) continue;
        EXPECT_LE(read->who.size(), 3U);
        for (pid_t pid : read->who) EXPECT_GE(pid, 0);
    }
    auto failed = parse_changed(print_failure(Error{Code::failed, 0, "a\n\x1b[2Jb", {}}));
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().message().find('\x1b'), std::string::npos);
}

TEST(Changes, a_server_that_is_called_like_a_message_is_a_server) {
    Changes changes("/s");
    changes.take(batch({event(5, "/s/lost/upper", "a")}));
    auto read = parse_changed(changes.next().value());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->server, "lost");
}

TEST(Changes, volumes_are_looked_at_whatever_is_expected_of_the_servers_own_files) {
    Changes changes("/s");
    ASSERT_TRUE(changes.expect(print_expectations("web1", {{"/", Expectation::ignored}})));
    changes.take(batch({event(5, "/s/web1/upper/etc", "a"), event(6, "/s/web1/volumes/data", "a")}));
    EXPECT_EQ(all_of(changes), Messages{"web1 6"});
}

TEST(Changes, what_is_expected_may_be_said_again) {
    Changes changes("/s");
    for (auto expectation : {Expectation::ignored, Expectation::frozen}) ASSERT_TRUE(changes.expect(print_expectations("web1", {{"/a b", expectation}})));
    changes.take(batch({event(5, "/s/web1/upper/a b", "c")}));
    EXPECT_EQ(all_of(changes), Messages{"web1 5"});
}

}  // namespace
}  // namespace vs::guard
