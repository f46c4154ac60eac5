#include "sys/task.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "sys/file.hpp"
#include "sys/own_namespaces.hpp"
#include "sys/scratch_dir.hpp"

namespace vs::sys {
namespace {

using Names = std::vector<std::string>;

TEST(Task, executable_mappings_that_are_no_plain_files) {
    EXPECT_EQ(unusual_executable_mappings("55d-55e r-xp 00000000 fe:00 12   /usr/bin/cat\n"), Names{});
    EXPECT_EQ(unusual_executable_mappings("55d-55e rw-p 00000000 00:00 0 \n"), Names{});
    EXPECT_EQ(unusual_executable_mappings("7ff-7fe r-xp 00000000 00:00 0    [vdso]\n"), Names{});
    EXPECT_EQ(unusual_executable_mappings("55d-55e rwxp 00000000 00:00 0 \n55e-55f rwxp 00000000 00:00 0 \n"), Names{""});
    EXPECT_EQ(unusual_executable_mappings("55d-55e r-xp 00000000 fe:00 12  /tmp/a b (deleted)\n"), Names{"/tmp/a b (deleted)"});
    EXPECT_EQ(unusual_executable_mappings("55d-55e r-xs 00000000 00:01 12  /memfd:x (deleted)"), Names{"/memfd:x (deleted)"});
    EXPECT_EQ(unusual_executable_mappings("55d-55e r-xp 00000000 00:00 0   [stack]\n"), Names{"[stack]"});
    EXPECT_EQ(unusual_executable_mappings(""), Names{});
    EXPECT_EQ(unusual_executable_mappings("nonsense\n\n"), Names{});
}

TEST(Task, reads_a_process_and_misses_one_that_is_gone) {
    auto proc = open_dir(kHere, "/proc").value();
    auto self = read_task(proc, ::getpid());
    ASSERT_TRUE(self && *self);
    EXPECT_TRUE((*self)->is_whole);
    auto task = parse_task(**self, 0);
    EXPECT_EQ(task.pid_inside, ::getpid());
    EXPECT_EQ(task.name, "sys_test");
    EXPECT_TRUE(task.program.ends_with("sys_test"));
    auto gone = read_task(proc, 0x7ffffff0);
    ASSERT_TRUE(gone);
    EXPECT_FALSE(*gone);
}

/// The text of a process with this name and these numbers.
TaskText stranger(const std::string& name, const std::string& numbers) {
    return {.pid = 4711, .status = fmt::format("Name:\t{}\nUmask:\t0022\nNSpid:\t{}\nNSsid:\t1\t1\n", name, numbers), .program = "/x", .maps = ""};
}

TEST(Task, the_number_inside_is_the_kernels_and_not_a_name_that_looks_like_one) {
    struct Case { const char* name; const char* numbers; std::size_t level; pid_t inside; };
    for (const auto& [name, numbers, level, inside] :
         {Case{"sh", "4711\t12", 1, 12}, Case{"sh", "4711\t12\t3", 1, 12}, Case{"sh", "4711", 1, 0}, Case{"sh", "4711\t12", 0, 4711}, Case{"sh", "", 0, 0}, Case{"sh", "x\ty", 1, 0},
          Case{"NSpid:\\t1\\t1", "4711\t12", 1, 12}, Case{"a\\nNSpid:\t1\t1", "4711\t12", 1, 12}}) {
        auto task = parse_task(stranger(name, numbers), level);
        EXPECT_EQ(task.pid_inside, inside) << name << numbers;
        EXPECT_EQ(task.name, name);
        EXPECT_EQ(task.pid, 4711);
    }
}

TEST(Task, a_name_with_a_newline_is_one_line_of_the_kernels_text) {
    in_own_namespaces(0, [] {
        ASSERT_EQ(::prctl(PR_SET_NAME, "a\nNSpid:\t1"), 0);
        auto task = parse_task(read_task(open_dir(kHere, "/proc").value(), ::getpid()).value().value(), 0);
        EXPECT_EQ(task.pid_inside, ::getpid());
    });
}

TEST(Task, a_program_that_was_removed_is_told_as_such) {
    ScratchDir scratch;
    std::filesystem::copy_file("/bin/sleep", scratch.path("gone"));
    pid_t child = ::fork();
    if (child == 0) {
        ::execl(scratch.path("gone").c_str(), "gone", "100", nullptr);
        ::_exit(1);
    }
    const auto proc = open_dir(kHere, "/proc").value();
    const auto has_begun = [&](const TaskText& text) { return text.program.ends_with("/gone") && text.maps.find("/gone\n") != text.maps.npos; };
    while (!has_begun(*read_task(proc, child).value())) ::sched_yield();  // the link is there before what it executes is mapped
    ASSERT_TRUE(remove_file(scratch.dir(), "gone"));
    auto task = parse_task(read_task(proc, child).value().value(), 0);
    EXPECT_EQ(task.program, scratch.path("gone") + " (deleted)");
    EXPECT_EQ(task.executable, Names{scratch.path("gone") + " (deleted)"});
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

/// Below /proc a line of maps has the whole path, so that few mappings are a lot of text.
TEST(Task, a_process_with_more_mappings_than_are_read_is_not_looked_at_and_stops_nobody_from_looking_at_others) {
    ScratchDir scratch;
    std::string path = scratch.path();
    ASSERT_TRUE(change_dir(scratch.dir()));
    for (int i = 0; i < 15; ++i) {
        const std::string part(240, static_cast<char>('a' + i));
        ASSERT_TRUE(make_dir(kHere, part, 0700, IfExists::fail));
        ASSERT_EQ(::chdir(part.c_str()), 0);
    }
    Fd file = open_at(kHere, "file", O_RDWR | O_CREAT, 0600).value();
    ASSERT_TRUE(change_dir(open_dir(kHere, "/").value()));
    ASSERT_EQ(::ftruncate(file.get(), 4096), 0);
    in_own_namespaces(0, [&] {
        for (int i = 0; i < 2600; ++i) ASSERT_NE(::mmap(nullptr, 4096, i % 2 == 0 ? PROT_READ : PROT_READ | PROT_EXEC, MAP_SHARED, file.get(), 0), MAP_FAILED);
        auto text = read_task(open_dir(kHere, "/proc").value(), ::getpid());
        ASSERT_TRUE(text) << text.error().message();
        EXPECT_FALSE((*text)->is_whole);
        EXPECT_EQ((*text)->maps, "");
        EXPECT_NE((*text)->status, "");
    });
}

}  // namespace
}  // namespace vs::sys
