// /run/vservers/NAME: the state as a file, the locks, and what a killed command leaves there.

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/dice.hpp"
#include "model/paths.hpp"
#include "server/restart.hpp"
#include "server/run_state.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/process.hpp"
#include "sys/tree.hpp"

namespace vs::server {
namespace {

namespace paths = model::paths;

model::ServerName web() { return model::ServerName::parse("web").value(); }

RunState any_state(base::Dice& dice) {
    RunState state;
    state.phase = dice.toss() ? Phase::running : Phase::starting;
    state.purpose = dice.toss() ? Purpose::service : Purpose::maintenance;
    state.number.value = static_cast<std::uint32_t>(dice.below(model::ServerNumber::kMost + 1));
    state.generation = static_cast<std::uint32_t>(dice.any());
    state.init = static_cast<pid_t>(dice.below(1 << 22));
    state.init_start = dice.any();
    state.init_path = dice.text("/abc init-=\t\"\\", 40);
    state.started = dice.text("0123456789-:TZ", 20);
    state.secluded = dice.toss();
    state.network = {.kind = model::NetworkKind::private_, .number = state.number, .generation = state.generation};
    state.log = {dice.any(), dice.any(), dice.any()};
    return state;
}

TEST(RunStateText, every_state_reads_back_as_it_was) {
    base::Dice dice(3);
    for (int i = 0; i < 500; ++i) {
        const auto text = print_state(any_state(dice));
        auto read = parse_state(text);
        ASSERT_TRUE(read) << text << read.error().message();
        EXPECT_EQ(print_state(*read), text);
    }
}

TEST(RunStateText, a_damaged_one_is_an_error_or_a_state_that_reads_back) {
    base::Dice dice(4);
    for (int i = 0; i < 2000; ++i) {
        const auto text = dice.damage(print_state(any_state(dice)));
        auto read = parse_state(text);
        if (!read) continue;
        EXPECT_EQ(print_state(parse_state(print_state(*read)).value()), print_state(*read)) << text;
    }
}

/// A number that does not fit is not another one: the pid and the server that it would become are somebody else's.
TEST(RunStateText, numbers_that_do_not_fit_are_refused) {
    base::Dice dice(5);
    const auto whole = print_state(any_state(dice));
    for (const char* line : {"number 4096", "number 4294967303", "generation 4294967296", "init 4294967297", "init 2147483648", "log_keep 18446744073709551616"}) {
        auto text = whole;
        const auto key = std::string(line).substr(0, std::string(line).find(' ') + 1);
        const auto begin = text.find("\n" + key) + 1;
        text.replace(begin, text.find('\n', begin) - begin, line);
        EXPECT_FALSE(parse_state(text)) << line;
    }
}

TEST(RunDir, a_server_that_was_never_started_has_no_state) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        EXPECT_FALSE(run.read().value().has_value());
        EXPECT_TRUE(run.clear()) << "nothing to clear is no error";
        EXPECT_TRUE(names_in_run().value().empty());
        EXPECT_EQ(sys::stat_at(sys::kHere, paths::kRun)->st_mode & 07777, 0700U) << "nobody else looks in";
        EXPECT_EQ(sys::stat_fd(run.dir())->st_mode & 07777, 0700U);
    });
}

TEST(RunDir, what_was_written_is_read_until_it_is_cleared) {
    sys::on_empty_machine([] {
        base::Dice dice(6);
        auto run = RunDir::open(web()).value();
        const auto state = any_state(dice);
        ASSERT_TRUE(run.write(state));
        EXPECT_EQ(print_state(run.read().value().value()), print_state(state));
        EXPECT_EQ(names_in_run().value(), std::vector{web()});
        for (const char* file : {"recorder", "keeper.lock", "lock", "generation"})
            ASSERT_TRUE(sys::replace_file(run.dir(), file, "", 0600, sys::Durability::volatile_));
        ASSERT_TRUE(run.clear());
        EXPECT_FALSE(run.read().value().has_value());
        EXPECT_EQ(sys::list_dir(run.dir()).value(), (std::vector<std::string>{"generation", "lock"})) << "these outlive a run";
    });
}

TEST(RunDir, a_state_that_cannot_be_understood_is_an_error_and_not_a_stopped_server) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        for (const char* text : {"", "phase running\n", "garbage", "number 1\ngeneration 1\ninit 1\ninit_start 1\n"}) {
            ASSERT_TRUE(sys::replace_file(run.dir(), "state", text, 0600, sys::Durability::volatile_));
            EXPECT_FALSE(run.read()) << text;
            EXPECT_FALSE(running_networks()) << "rules are not restored as if it had none";
        }
    });
}

TEST(RunDir, only_what_has_a_name_and_a_state_is_in_run) {
    sys::on_empty_machine([] {
        for (const char* dir : {".void", "idle", "a b", "-x"}) ASSERT_TRUE(sys::make_dirs(fmt::format("{}/{}", paths::kRun, dir), 0700));
        for (const char* dir : {".void", "a b", "-x"})
            ASSERT_TRUE(sys::replace_file(sys::open_dir(sys::kHere, fmt::format("{}/{}", paths::kRun, dir)).value(), "state", "x", 0600, sys::Durability::volatile_));
        EXPECT_TRUE(names_in_run().value().empty());
    });
}

TEST(RunDir, networks_are_those_of_servers_that_run) {
    sys::on_empty_machine([] {
        RunState state;
        state.network = {.kind = model::NetworkKind::none, .number = {7}};
        auto run = RunDir::open(web()).value();
        ASSERT_TRUE(run.write(state));
        EXPECT_TRUE(running_networks().value().empty()) << "it is starting";
        state.phase = Phase::running;
        ASSERT_TRUE(run.write(state));
        EXPECT_EQ(running_networks().value(), std::vector{state.network});
    });
}

TEST(RunDir, a_sweep_takes_what_a_killed_writer_has_left_and_nothing_else) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        for (const char* file : {".state.new", ".x", "state", "lock"}) ASSERT_TRUE(sys::replace_file(run.dir(), file, "", 0600, sys::Durability::volatile_));
        ASSERT_TRUE(run.sweep());
        EXPECT_EQ(sys::list_dir(run.dir()).value(), (std::vector<std::string>{"lock", "state"}));
    });
}

TEST(RunDir, generations_only_grow_whatever_is_in_their_file) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        EXPECT_EQ(run.next_generation().value(), 1U);
        EXPECT_EQ(run.next_generation().value(), 2U);
        ASSERT_TRUE(sys::replace_file(run.dir(), "generation", "junk", 0600, sys::Durability::volatile_));
        EXPECT_EQ(run.next_generation().value(), 1U);
    });
}

TEST(RunDir, who_holds_the_name_keeps_others_out_and_a_deleted_lock_is_no_lock) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        {
            auto held = RunDir::hold(web(), sys::LockWait::wait).value();
            EXPECT_EQ(RunDir::hold(web(), sys::LockWait::fail_if_held).error().code, Code::busy);
        }
        ASSERT_TRUE(sys::remove_tree(sys::open_dir(sys::kHere, paths::kRun).value(), "web"));
        auto lock = run.lock();
        ASSERT_FALSE(lock) << "the directory is another's by now, or nobody's";
        EXPECT_EQ(lock.error().code, Code::no_such_server);
        EXPECT_EQ(lock.error().message(), "'web' was deleted by another command while this one waited for it");
        EXPECT_TRUE(RunDir::hold(web(), sys::LockWait::fail_if_held)) << "who makes it anew begins anew";
    });
}

/// As long as this process lives, its age is that of a server that has just been started.
RunState just_started() {
    RunState state;
    state.init_start = sys::start_time(::getpid()).value();
    return state;
}

TEST(Restart, the_first_reboots_are_answered_at_once_and_then_it_waits) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        const auto state = just_started();
        for (int i = 0; i < 3; ++i) EXPECT_EQ(note_reboot(run, state)->pause.count(), 0) << i;
        EXPECT_FALSE(cancel_restart(run).value()) << "nothing waits";
        {
            auto fourth = note_reboot(run, state).value();
            EXPECT_EQ(fourth.pause.count(), 1);
            EXPECT_EQ(pending_restart(run)->substr(0, 10), "1 s after ");
            EXPECT_NE(pending_restart(run)->find("4 times in a row"), std::string::npos);
            EXPECT_TRUE(cancel_restart(run).value());
            EXPECT_FALSE(cancel_restart(run).value()) << "once";
        }
    });
}

TEST(Restart, one_that_nobody_waits_for_any_more_is_not_to_come) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        for (int i = 0; i < 4; ++i) (void)note_reboot(run, just_started());
        EXPECT_EQ(pending_restart(run).value(), "") << "its waiter was killed";
        EXPECT_FALSE(cancel_restart(run).value());
        EXPECT_FALSE(sys::exists(run.dir(), "restart").value()) << "and nothing of it is left";
    });
}

TEST(Restart, a_sweep_takes_the_note_that_nobody_waits_for_and_no_other) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        for (int i = 0; i < 3; ++i) (void)note_reboot(run, just_started());
        {
            auto waiting = note_reboot(run, just_started()).value();
            ASSERT_TRUE(run.sweep());
            EXPECT_TRUE(sys::exists(run.dir(), "restart").value());
        }
        ASSERT_TRUE(run.sweep());
        EXPECT_FALSE(sys::exists(run.dir(), "restart").value());
    });
}

TEST(Restart, a_count_that_is_damaged_begins_anew_and_a_huge_one_waits_no_longer_than_a_minute) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        for (const auto& [text, pause] : {std::pair("junk", 0), std::pair("", 0), std::pair("-5", 0), std::pair("18446744073709551615", 60), std::pair("1000000", 60)}) {
            ASSERT_TRUE(sys::replace_file(run.dir(), "quick-reboots", text, 0600, sys::Durability::volatile_));
            EXPECT_EQ(note_reboot(run, just_started())->pause.count(), pause) << text;
        }
    });
}

TEST(Restart, waiting_ends_when_the_restart_is_cancelled) {
    sys::on_empty_machine([] {
        auto run = RunDir::open(web()).value();
        ASSERT_TRUE(sys::replace_file(run.dir(), "quick-reboots", "100", 0600, sys::Durability::volatile_));
        auto restart = note_reboot(run, just_started()).value();
        ASSERT_EQ(restart.pause.count(), 60);
        ASSERT_TRUE(cancel_restart(run).value());
        EXPECT_TRUE(wait_for_restart(run, restart)) << "this test would last a minute";
    });
}

}  // namespace
}  // namespace vs::server
