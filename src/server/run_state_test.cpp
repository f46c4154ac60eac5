#include "server/run_state.hpp"

#include <gtest/gtest.h>

namespace vs::server {
namespace {

RunState running() {
    RunState state;
    state.phase = Phase::running;
    state.purpose = Purpose::maintenance;
    state.number = model::ServerNumber{7};
    state.generation = 3;
    state.init = 4711;
    state.init_start = 123456789;
    state.init_path = "/usr/lib/systemd/systemd";
    state.started = "2026-01-02T03:04:05Z";
    state.network = {.kind = model::NetworkKind::none, .number = {7}, .generation = 3, .ipv6 = true};
    return state;
}

/// The text with the line of this key replaced, or taken out.
std::string with_line(const std::string& key, const std::string& line) {
    auto text = print_state(running());
    auto begin = text.find(key + " ");
    return text.replace(begin, text.find('\n', begin) - begin, line);
}

TEST(RunState, reads_what_it_wrote) {
    const auto state = running();
    auto read = parse_state(print_state(state)).value();

    EXPECT_EQ(read.phase, state.phase);
    EXPECT_EQ(read.purpose, state.purpose);
    EXPECT_EQ(read.number.value, state.number.value);
    EXPECT_EQ(read.generation, state.generation);
    EXPECT_EQ(read.init, state.init);
    EXPECT_EQ(read.init_start, state.init_start);
    EXPECT_EQ(read.init_path, state.init_path);
    EXPECT_EQ(read.started, state.started);
    EXPECT_EQ(read.network, state.network);
}

TEST(RunState, takes_a_path_with_blanks_as_it_is) {
    auto state = running();
    state.init_path = "/opt/an init";
    EXPECT_EQ(parse_state(print_state(state)).value().init_path, "/opt/an init");
}

TEST(RunState, what_is_not_said_to_run_is_what_a_killed_start_has_left) {
    for (const char* line : {"phase starting", "phase", "phase sleeping", ""})
        EXPECT_EQ(parse_state(with_line("phase", line)).value().phase, Phase::starting) << line;
}

TEST(RunState, refuses_a_state_without_what_names_the_things_to_undo) {
    for (const char* key : {"number", "generation", "init", "init_start", "network"}) {
        EXPECT_FALSE(parse_state(with_line(key, ""))) << key;
        EXPECT_FALSE(parse_state(with_line(key, std::string(key) + " x"))) << key;
    }
    EXPECT_FALSE(parse_state(""));
}

TEST(RunState, refuses_numbers_that_are_none) {
    for (const char* line : {"init -1", "init 4711x", "init  4711", "init 99999999999999999999999"}) EXPECT_FALSE(parse_state(with_line("init", line))) << line;
}

TEST(RunState, the_first_line_of_a_key_counts) {
    EXPECT_EQ(parse_state(print_state(running()) + "init 1\n").value().init, 4711);
}

TEST(RunState, a_server_without_an_init_has_no_age) {
    RunState state;
    EXPECT_FALSE(uptime(state));
    state.init_start = 1;
    EXPECT_GT(uptime(state).value(), std::chrono::seconds(0));
}

}  // namespace
}  // namespace vs::server
