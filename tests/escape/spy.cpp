// spy WORD...: as long as there is no file /leave, read what everybody may read of each new process, as fast as it appears, and say
// which of the words stood there. The last line is how many processes were seen.
//
// What it reads has no check but that the process is visible: the mount table, the network and the command line.

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <set>
#include <string>
#include <string_view>

namespace {

std::string read_file(const std::string& path) {
    std::string text;
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    char buffer[65536];
    ssize_t count = 0;
    while (fd >= 0 && (count = ::read(fd, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(count));
    ::close(fd);
    return text;
}

/// Pids are given out one after the other, so the next few are the ones to wait for.
int last_pid() {
    auto text = read_file("/proc/loadavg");
    auto space = text.rfind(' ');
    return space == std::string::npos ? 0 : ::atoi(text.c_str() + space);
}

bool look_at(int pid, int count, char** words) {
    auto process = "/proc/" + std::to_string(pid);
    bool there = false;
    for (const char* file : {"/mountinfo", "/net/dev", "/cmdline"}) {
        auto text = read_file(process + file);
        there = there || !text.empty();
        for (int i = 0; i < count; ++i)
            if (text.find(words[i]) != std::string::npos) std::printf("seen: %s in %s%s\n", words[i], process.c_str(), file);
    }
    return there;
}

}  // namespace

int main(int count, char** words) {
    std::set<int> seen;
    std::puts("ready");
    std::fflush(stdout);
    while (::access("/leave", F_OK) != 0)
        for (int last = last_pid(), pid = last; pid < last + 4; ++pid)
            if (pid != ::getpid() && look_at(pid, count - 1, words + 1)) seen.insert(pid);
    std::printf("processes: %zu\n", seen.size());
}
