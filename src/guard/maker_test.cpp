#include "guard/maker.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/process.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::guard {
namespace {

constexpr pid_t kNobody = 4'194'304;  // no pid is as high (PID_MAX_LIMIT)

TEST(Makers, say_of_a_process_that_is_gone_only_that) {
    EXPECT_EQ(Makers().describe(kNobody), "host pid 4194304 (gone)");
    const pid_t child = ::fork();
    if (child == 0) ::_exit(0);
    siginfo_t ended{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(Makers().describe(child), fmt::format("host pid {} (gone)", child)) << "it waits to be reaped, and runs nothing";
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(Makers, say_of_a_process_what_it_executes_whatever_has_the_name_by_now) {
    sys::ScratchDir scratch;
    const auto program = scratch.path("a\x1b[2Jb");
    ASSERT_TRUE(sys::run_checked({"cp", "/bin/sleep", program}, {}));
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl(program.c_str(), "sleep", "1000", nullptr);
        ::_exit(1);
    }
    struct stat status {};
    ASSERT_EQ(::stat(program.c_str(), &status), 0);
    std::string found;
    for (int tries = 0; tries < 1000 && found.find(scratch.path()) == found.npos; ++tries) found = Makers().describe(child);  // until it has executed
    EXPECT_TRUE(found.starts_with(fmt::format("host pid {} ({}/a\\x1b[2Jb, inode {}, BLAKE2b ", child, scratch.path(), status.st_ino))) << found;
    EXPECT_NE(found.find(", group /"), found.npos) << found;
    ASSERT_EQ(::unlink(program.c_str()), 0);
    found = Makers().describe(child);
    EXPECT_NE(found.find(fmt::format("a\\x1b[2Jb (deleted), inode {},", status.st_ino)), found.npos) << found;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST(SeenMakers, three_are_named_each_once_and_after_eight_looks_nobody_is_looked_at) {
    struct Case {
        std::vector<pid_t> pids;
        std::size_t named, looks;
    };
    constexpr pid_t a = kNobody, b = kNobody + 1, c = kNobody + 2, d = kNobody + 3;
    for (const auto& [pids, named, looks] : {Case{{}, 0, 0}, Case{{a}, 1, 1}, Case{{a, a, b}, 2, 3}, Case{{a, b, c, d}, 3, 3}, Case{{a, b, c, a, a}, 3, 3},
                                             Case{std::vector<pid_t>(8, a), 1, 8}, Case{std::vector<pid_t>(20, a), 1, 8}, Case{{a, a, a, a, a, a, a, b}, 2, 8}, Case{{a, a, a, a, a, a, a, a, b}, 1, 8}}) {
        Makers makers;
        SeenMakers seen;
        for (pid_t pid : pids) seen.add(makers, pid);
        EXPECT_EQ(seen.who.size(), named) << pids.size();
        EXPECT_EQ(seen.looks, looks) << pids.size();
        EXPECT_EQ(seen.took.count() > 0, looks > 0) << "what it took is told, or nobody would wait for as long";
    }
}

}  // namespace
}  // namespace vs::guard
