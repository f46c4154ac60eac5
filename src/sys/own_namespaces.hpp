#pragma once
// Namespaces for one unit test: what it mounts, plugs in and binds is seen by nobody else and is gone with the child that runs it.

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>

#include "sys/clone.hpp"
#include "sys/mount.hpp"

namespace vs::sys {

/// Runs `body` in a child that is alone in new namespaces (CLONE_NEW*). What fails in it fails the test.
inline void in_own_namespaces(NamespaceFlags flags, const std::function<void()>& body) {
    if (::getuid() != 0) GTEST_SKIP() << "only root makes namespaces";
    std::fflush(stdout);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        EXPECT_TRUE(unshare(flags) && ((flags & CLONE_NEWNS) == 0 || make_everything_private()));
        if (!testing::Test::HasFailure()) body();
        std::fflush(stdout);
        ::_exit(testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "in the child, which ended with status " << status;
}

/// The same on a machine that nobody has set up: /etc, /run and /var/lib are empty, and no control group is in reach.
/// With CLONE_NEWNET there is no network but loopback.
inline void on_empty_machine(const std::function<void()>& body, NamespaceFlags flags = 0) {
    in_own_namespaces(CLONE_NEWNS | flags, [&] {
        for (const char* place : {"/etc", "/run", "/var/lib", "/sys/fs/cgroup"}) ASSERT_EQ(::mount("tmpfs", place, "tmpfs", 0, "mode=0755"), 0) << place;
        body();
    });
}

}  // namespace vs::sys
