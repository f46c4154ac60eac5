// first_process PATH: from the first moment of a command in a context on, look for a directory at /proc/1/PATH, for process 1 may be about to
// execute vserver-reaper still. Exits 1 where there was one.

#include <sys/stat.h>
#include <time.h>

#include <cstdio>
#include <string>

namespace {

long long milliseconds() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string path = "/proc/1/" + std::string(argc > 1 ? argv[1] : "");
    for (auto end = milliseconds() + 10; milliseconds() < end;) {
        struct stat status {};
        if (::stat(path.c_str(), &status) < 0 || !S_ISDIR(status.st_mode)) continue;
        std::printf("%s leads out\n", path.c_str());
        return 1;
    }
    return 0;
}
