#include <gtest/gtest.h>

#include "programs/init/backoff.hpp"
#include "programs/init/wish.hpp"

namespace vs::init {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, doubles_from_a_second_to_a_minute) {
    Backoff backoff;
    for (auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) EXPECT_EQ(backoff.after(10ms), expected);
}

TEST(Backoff, begins_again_after_a_minute_of_work) {
    Backoff backoff;
    for (int i = 0; i < 5; ++i) backoff.after(0s);
    EXPECT_EQ(backoff.after(59s), 32s);
    EXPECT_EQ(backoff.after(60s), 1s);
    EXPECT_EQ(backoff.after(0s), 2s);
}

TEST(wish_of, tells_a_stop_from_outside_from_a_reboot_of_busybox) {
    EXPECT_EQ(wish_of(SIGTERM, Sender::outside), Wish::power_off);
    EXPECT_EQ(wish_of(SIGTERM, Sender::inside), Wish::reboot);
}

TEST(wish_of, takes_the_other_signals_the_same_from_anywhere) {
    for (auto sender : {Sender::inside, Sender::outside}) {
        EXPECT_EQ(wish_of(SIGINT, sender), Wish::reboot);
        EXPECT_EQ(wish_of(SIGHUP, sender), Wish::reboot);
        EXPECT_EQ(wish_of(SIGUSR1, sender), Wish::halt);
        EXPECT_EQ(wish_of(SIGUSR2, sender), Wish::power_off);
        EXPECT_EQ(wish_of(SIGPWR, sender), Wish::power_off);
        for (int other : {SIGCHLD, SIGQUIT, SIGPIPE, SIGALRM, SIGWINCH}) EXPECT_FALSE(wish_of(other, sender).has_value());
    }
}

TEST(wish_of, hears_no_wish_in_a_terminal_that_hangs_up) {
    EXPECT_EQ(sender_of(SI_KERNEL, 0), Sender::kernel);
    for (int signal : {SIGHUP, SIGINT, SIGTERM}) EXPECT_FALSE(wish_of(signal, Sender::kernel).has_value());
}

TEST(sender_of, knows_who_is_outside_by_the_missing_pid) {
    EXPECT_EQ(sender_of(SI_USER, 0), Sender::outside);
    EXPECT_EQ(sender_of(SI_USER, 7), Sender::inside);
    EXPECT_EQ(sender_of(SI_TKILL, 7), Sender::inside);
    EXPECT_EQ(sender_of(SI_QUEUE, 7), Sender::inside);
}

}  // namespace
}  // namespace vs::init
