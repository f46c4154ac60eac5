#pragma once
// For unit tests of freestanding programs: one as a child of the test, with the descriptors that it is promised, and scripts in the place of
// those that it starts.

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "sys/process.hpp"
#include "sys/scratch_dir.hpp"
#include "sys/spawned.hpp"

namespace vs::programs {

/// A shell script of this name in the directory.
inline std::string make_script(const sys::ScratchDir& dir, const std::string& name, const std::string& text) {
    dir.write(name, "#!/bin/sh\n" + text + "\n");
    EXPECT_EQ(::chmod(dir.path(name).c_str(), 0755), 0);
    return dir.path(name);
}

/// Becomes the program. For a child that has placed its descriptors.
[[noreturn]] inline void execute(const std::string& program, std::vector<std::string> words) {
    words.insert(words.begin(), program);
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    char* environment[] = {nullptr};
    ::execve(program.c_str(), argv.data(), environment);
    ::_exit(99);
}

using sys::Spawned;

/// Waits for an event, for at most ten seconds.
inline bool eventually(const std::function<bool()>& happened) {
    for (int i = 0; i < 2000; ++i) {
        if (happened()) return true;
        ::poll(nullptr, 0, 5);
    }
    return false;
}

/// All that comes before the end. Nothing for ten seconds is a failure.
inline std::string read_to_end(int fd) {
    std::string text;
    for (char room[256];;) {
        pollfd ready{fd, POLLIN, 0};
        if (::poll(&ready, 1, 10'000) != 1) return ADD_FAILURE() << "nothing comes", text;
        const auto got = ::read(fd, room, sizeof room);
        if (got <= 0) return text;
        text.append(room, static_cast<std::size_t>(got));
    }
}

}  // namespace vs::programs
