// What the public header promises of every call: nothing, too little and too much are a negative errno and a sentence, and do no harm.

#include <vserver/vserver.h>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "library/report.hpp"

namespace {

std::string message() { return vserver_message(); }

TEST(Message, is_of_the_last_failure_and_stays_while_nothing_fails) {
    EXPECT_EQ(vserver_capability("no_such_thing"), -EINVAL);
    const auto first = message();
    EXPECT_NE(first.find("no_such_thing"), std::string::npos);
    EXPECT_EQ(vserver_exit_status(), 125);
    EXPECT_GE(vserver_capability("net_admin"), 0);
    EXPECT_EQ(message(), first);
    EXPECT_LT(vserver_area("nowhere"), 0);
    EXPECT_NE(message(), first);
}

TEST(Words, areas_and_flags_go_there_and_back) {
    for (auto [names, name_of, number_of] : {std::tuple(std::vector<const char*>{"fs", "proc", "ipc", "uts", "users", "cgroup", "time"}, &vserver_area_name, &vserver_area),
                                             std::tuple(std::vector<const char*>{"lock", "private", "nproc", "sched", "fakeinit", "ulimit"}, &vserver_flag_name, &vserver_flag)}) {
        std::uint32_t bit = 1;
        for (const char* name : names) {
            EXPECT_EQ(number_of(name), static_cast<int>(bit)) << name;
            EXPECT_STREQ(name_of(bit), name);
            bit <<= 1;
        }
        EXPECT_EQ(name_of(bit), nullptr);
        EXPECT_EQ(name_of(0), nullptr);
        EXPECT_EQ(name_of(3), nullptr) << "two bits are no word";
        EXPECT_EQ(number_of(nullptr), -EINVAL);
        EXPECT_EQ(number_of(""), -EINVAL);
        EXPECT_NE(message().find(names[0]), std::string::npos) << "it says what there is";
    }
}

TEST(Null, is_refused_everywhere_with_a_sentence) {
    char* no_command[] = {nullptr};
    vserver_context context = VSERVER_INIT_CONTEXT;
    vserver_run run = VSERVER_INIT_RUN;
    vserver_addresses addresses = VSERVER_INIT_ADDRESSES;
    const char* nothing[] = {nullptr};
    struct Case { const char* what; ssize_t result; };
    for (const auto& [what, result] : {Case{"ceiling", vserver_set_ceiling(nullptr)}, Case{"examine", vserver_examine(1, nullptr)}, Case{"signal", vserver_signal(nullptr, 0)},
                                       Case{"list", vserver_list(nullptr, sizeof(vserver_process), 1)}, Case{"start, no run", vserver_start(&context, no_command, nullptr, nullptr)},
                                       Case{"start, no command", vserver_start(&context, no_command, nullptr, &run)}, Case{"start, no words", vserver_start(&context, nullptr, nullptr, &run)},
                                       Case{"start, no context", vserver_start(nullptr, no_command, nullptr, &run)}, Case{"wait", vserver_wait(nullptr, nullptr)},
                                       Case{"run", vserver_run_command(&context, nullptr)}, Case{"lock", vserver_lock_addresses(nullptr)},
                                       Case{"run locked", vserver_run_locked(nullptr, nothing)}, Case{"run locked, no command", vserver_run_locked(&addresses, nothing)},
                                       Case{"run locked, no words", vserver_run_locked(&addresses, nullptr)}, Case{"capability", vserver_capability(nullptr)}}) {
        EXPECT_EQ(result, -EINVAL) << what;
        EXPECT_NE(message(), "") << what;
    }
}

/// A structure of a newer header: a member more, that is set or not.
template <typename Known>
struct Newer {
    Known known;
    std::uint64_t wish = 0;
};

TEST(Versions, what_an_older_library_does_not_know_must_be_nothing) {
    Newer<vserver_process> process{VSERVER_INIT_PROCESS, 1};
    process.known.size = sizeof process;
    EXPECT_EQ(vserver_examine(getpid(), &process.known), -E2BIG);
    process.wish = 0;
    EXPECT_EQ(vserver_examine(getpid(), &process.known), 0) << message();
    EXPECT_EQ(process.known.size, sizeof(vserver_process)) << "as much as this library fills";
    EXPECT_EQ(process.known.pid, getpid());
    EXPECT_EQ(process.wish, 0U);
    char* command[] = {const_cast<char*>("true"), nullptr};
    Newer<vserver_context> context{VSERVER_INIT_CONTEXT, 1};
    context.known.size = sizeof context;
    EXPECT_EQ(vserver_run_command(&context.known, command), -E2BIG) << "a restriction is never left out in silence";
    Newer<vserver_addresses> addresses{VSERVER_INIT_ADDRESSES, 1};
    addresses.known.size = sizeof addresses;
    EXPECT_EQ(vserver_lock_addresses(&addresses.known), -E2BIG);
}

TEST(Versions, a_program_with_an_older_header_gets_what_it_knows_and_not_a_byte_more) {
    constexpr std::size_t kOld = offsetof(vserver_process, context);
    unsigned char room[sizeof(vserver_process)];
    std::memset(room, 0xaa, sizeof room);
    auto* old = reinterpret_cast<vserver_process*>(room);
    old->size = kOld;
    ASSERT_EQ(vserver_examine(getpid(), old), 0) << message();
    EXPECT_EQ(old->pid, getpid());
    EXPECT_EQ(old->size, kOld);
    EXPECT_TRUE(std::all_of(room + kOld, room + sizeof room, [](unsigned char byte) { return byte == 0xaa; }));
    old->size = sizeof(std::size_t) - 1;
    EXPECT_EQ(vserver_examine(getpid(), old), -EINVAL);
}

TEST(Flags, that_are_none_are_refused) {
    char* command[] = {const_cast<char*>("true"), nullptr};
    using Change = void (*)(vserver_context&);
    for (Change change : {Change([](vserver_context& c) { c.areas = 0x80; }), Change([](vserver_context& c) { c.flags = 0x40; }), Change([](vserver_context& c) { c.ceiling_flags = 2; }),
                          Change([](vserver_context& c) { c.how = 2; }), Change([](vserver_context& c) { c.number = 7, c.name = "x"; }), Change([](vserver_context& c) { c.number = 100; }),
                          Change([](vserver_context& c) { c.number = 1'000'000; }), Change([](vserver_context& c) { c.name = ""; }), Change([](vserver_context& c) { c.name = "../x"; })}) {
        vserver_context context = VSERVER_INIT_CONTEXT;
        change(context);
        EXPECT_EQ(vserver_run_command(&context, command), -EINVAL);
        EXPECT_NE(message(), "");
    }
    vserver_addresses addresses = VSERVER_INIT_ADDRESSES;
    addresses.flags = 0x8;
    EXPECT_EQ(vserver_lock_addresses(&addresses), -EINVAL);
    addresses.flags = 0;
    addresses.reserved = 1;
    EXPECT_EQ(vserver_lock_addresses(&addresses), -EINVAL);
    addresses.reserved = 0;
    addresses.flags = VSERVER_ADDRESSES_HONEST;
    EXPECT_EQ(vserver_lock_addresses(&addresses), -EINVAL);
    EXPECT_NE(message().find("is for a command"), std::string::npos);
}

TEST(Wait, for_a_run_that_was_never_started_takes_nothing_of_the_caller) {
    const int before = fcntl(0, F_GETFD);
    vserver_run zeros{};
    zeros.size = sizeof zeros;
    int status = 77;
    EXPECT_EQ(vserver_wait(&zeros, &status), -EINVAL);
    vserver_run fresh = VSERVER_INIT_RUN;
    EXPECT_EQ(vserver_wait(&fresh, &status), -EINVAL);
    EXPECT_EQ(status, 77);
    EXPECT_EQ(fcntl(0, F_GETFD), before) << "0 is its standard input";
}

TEST(Processes, one_is_known_by_what_the_kernel_says_of_it) {
    vserver_process own = VSERVER_INIT_PROCESS;
    ASSERT_EQ(vserver_examine(vserver_self(), &own), 0);
    EXPECT_EQ(own.pid, getpid());
    EXPECT_STREQ(own.command, "library_test");
    EXPECT_NE(own.start_time, 0U);
    EXPECT_EQ(own.flags & VSERVER_PROCESS_NO_NEW_PRIVS, 0U);
    EXPECT_EQ(vserver_examine(0x7ffffff0, &own), -ESRCH);
    EXPECT_NE(message().find("there is no process 2147483632"), std::string::npos);
}

TEST(Processes, a_list_fills_what_there_is_room_for_and_counts_all) {
    const auto all = vserver_list(nullptr, 0, 0);
    ASSERT_GT(all, 1);
    std::vector<vserver_process> room(static_cast<std::size_t>(all) + 100);
    const auto found = vserver_list(room.data(), sizeof(vserver_process), room.size());
    ASSERT_GT(found, 1);
    room.resize(static_cast<std::size_t>(found));
    EXPECT_TRUE(std::ranges::is_sorted(room, {}, &vserver_process::pid));
    EXPECT_NE(std::ranges::find(room, getpid(), &vserver_process::pid), room.end());
    vserver_process two[2];
    two[1].pid = -7;
    EXPECT_GT(vserver_list(two, sizeof(vserver_process), 1), 1);
    EXPECT_EQ(two[0].pid, room[0].pid);
    EXPECT_EQ(two[1].pid, -7) << "behind the end";
    EXPECT_EQ(vserver_list(two, sizeof(std::size_t) - 1, 1), -EINVAL);
}

TEST(Processes, a_signal_reaches_the_one_that_was_meant_and_nobody_who_has_its_number_now) {
    const pid_t child = fork();
    if (child == 0)
        for (;;) pause();
    vserver_process known = VSERVER_INIT_PROCESS;
    ASSERT_EQ(vserver_examine(child, &known), 0);
    auto another = known;
    ++another.start_time;
    EXPECT_EQ(vserver_signal(&another, SIGKILL), -ESRCH);
    EXPECT_NE(message().find("another one's now"), std::string::npos);
    EXPECT_EQ(vserver_signal(&known, 0), 0) << "it lives";
    EXPECT_EQ(vserver_signal(&known, 999), -EINVAL);
    EXPECT_EQ(vserver_signal(&known, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    EXPECT_EQ(vserver_signal(&known, SIGKILL), -ESRCH);
}

TEST(Ceiling, holds_for_what_is_started_under_it) {
    const pid_t child = fork();
    if (child == 0) {
        vserver_ceiling ceiling = VSERVER_INIT_CEILING;
        ceiling.capabilities = UINT64_C(1) << vserver_capability("chown");
        ceiling.flags = VSERVER_CEILING_NO_NEW_PRIVS;
        if (vserver_set_ceiling(&ceiling) < 0) _exit(1);
        vserver_process own = VSERVER_INIT_PROCESS;
        if (vserver_examine(getpid(), &own) != 0) _exit(2);
        if ((own.effective | own.permitted | own.bounding | own.ambient | own.inheritable) & ~ceiling.capabilities) _exit(3);
        if ((own.flags & VSERVER_PROCESS_NO_NEW_PRIVS) == 0) _exit(4);
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0) << WEXITSTATUS(status);
}

TEST(Report, every_kind_of_error_has_an_errno_of_its_own) {
    using vs::Code;
    std::vector<int> numbers;
    for (auto code : {Code::failed, Code::usage, Code::not_running, Code::denied, Code::no_such_server, Code::unsupported, Code::busy, Code::timeout})
        numbers.push_back(vs::library::report({code, 0, "x", {}}));
    EXPECT_EQ(numbers, (std::vector{-EIO, -EINVAL, -ESRCH, -EPERM, -ENOENT, -EOPNOTSUPP, -EBUSY, -ETIMEDOUT}));
    EXPECT_EQ(vs::library::report({Code::failed, ENOSPC, "x", {}}), -ENOSPC) << "the kernel's goes first";
    EXPECT_EQ(vs::library::report({Code::failed, 0, "x", {}}, vs::library::Status::not_found), -EIO);
    EXPECT_EQ(vserver_exit_status(), 127);
}

}  // namespace
