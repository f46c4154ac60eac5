// first_process PATH
// first_process --memory
//
// From the first moment of a command in a context on, look for a directory at /proc/1/PATH, or for what process 1 has in its memory, for
// it may be about to execute vserver-reaper still. Exits 1 where there was something.

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace {

long long milliseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

bool is_directory(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// Which program a process executes is told to whom may read its memory.
bool is_copy_of_caller() {
    char program[4096];
    const auto size = ::readlink("/proc/1/exe", program, sizeof program);
    return size > 0 && !std::string(program, static_cast<std::size_t>(size)).ends_with("/vserver-reaper");
}

}  // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    for (auto end = milliseconds() + 10; milliseconds() < end;) {
        if (what == "--memory" ? !is_copy_of_caller() : !is_directory("/proc/1/" + what)) continue;
        std::printf("%s of process 1 leads out\n", what.c_str());
        return 1;
    }
    return 0;
}
